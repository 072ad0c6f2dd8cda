import type { Transaction } from 'kysely'
import type { PyramidDeps } from './deps.ts'
import type { SlideRevision } from './keys.ts'
import type { Tables } from './tables.ts'

/** Asks workers for the first parts of a build; each that is finished asks for the next. */
export async function askForParts(
  deps: Pick<PyramidDeps, 'publish'>,
  trx: Transaction<Tables>,
  { slideId, revision }: SlideRevision,
  count: number,
): Promise<void> {
  for (let part = 0; part < count; part++) {
    await deps.publish(trx, 'pyramid.part_wanted', { slideId, revision, part })
  }
}
