/** The event with an owner that lets a slide out: it gets its name, and everybody else hears of it. */
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import type { Transaction } from 'kysely'
import { giveName } from './naming/store.ts'
import type { DeidentifyDeps } from './received.ts'
import { reportKeysOf } from './report/signature.ts'
import type { Tables } from './store.ts'

/** What will be told of a slide, but for its name. */
export type Announcement = Omit<SlideDeidentified, 'release'>

/**
 * Names the slide and announces it, in the transaction that marks it as done.
 * @param owner the user who answers for it; empty where no person looked at the slide
 * @returns the name
 */
export async function release(
  { publish, config }: Pick<DeidentifyDeps, 'publish' | 'config'>,
  trx: Transaction<Tables>,
  announcement: Announcement,
  owner: string,
): Promise<string> {
  const { slideId, project, material, pseudonyms } = announcement
  const { input } = await reportKeysOf(config)
  const { name, scheme, at } = await giveName(
    trx,
    input,
    { slideId, project, material, subject: pseudonyms?.subject ?? '' },
    owner,
  )
  await publish(trx, 'slides.deidentified', {
    ...announcement,
    release: { name, scheme, owner, at: at.toISOString() },
  })
  return name
}
