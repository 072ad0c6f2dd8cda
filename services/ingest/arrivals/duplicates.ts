/** Slides whose bytes a project has already, told by keyed hashes. */
import { sql, type Transaction } from 'kysely'
import { DuplicateSlideError } from '../errors.ts'
import type { KeyedHash } from '../keyed-hash.ts'
import { sourceKeys } from '../slide-files.ts'
import type { SlideRow, Tables, UploadRow } from '../store.ts'

/** The keyed hash of a slide's source: the same for a folder and for the zip of it, whatever the files were called. */
export function slideMac(hash: KeyedHash, uploads: readonly Pick<UploadRow, 'object_key' | 'mac'>[]): string {
  const macs = new Map(uploads.map(({ object_key, mac }) => [object_key ?? '', mac ?? '']))
  const files = sourceKeys(macs.keys()).map(key => [key.split('/').slice(2).join('/'), macs.get(key)!])
  return hash.ofTexts(...files.map(file => file.join(' ')).sort())
}

/**
 * Holds the slide's hash for itself until the transaction's end, so that of two that come at once one is the first.
 * @throws DuplicateSlideError when another slide of the project, that has not failed, has the same bytes
 */
export async function assertFirst(trx: Transaction<Tables>, slide: SlideRow, mac: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${`${slide.project} ${mac}`}))`.execute(trx)
  const known = await trx
    .selectFrom('slides')
    .select('slide_id')
    .where('project', '=', slide.project)
    .where('mac', '=', mac)
    .where('slide_id', '!=', slide.slide_id)
    .where('arrival', 'in', ['recognised', 'held', 'arrived'])
    .where('state', 'not in', ['failed', 'rejected'])
    .limit(1)
    .executeTakeFirst()
  if (known) throw new DuplicateSlideError(known.slide_id)
}
