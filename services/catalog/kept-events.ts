/**
 * The stream keeps events for a year, and slides.deidentified holds a slide's pseudonyms, name and report: at each site its catalog
 * remembers where they are, and has them removed with the slide.
 */
import type { Deps } from '@coverslip/platform/module.ts'
import { type CatalogTables, findState } from './store.ts'

export interface KeptEventsTable {
  slide_id: string
  place: string
}

type KeeperDeps = Pick<Deps<CatalogTables>, 'db' | 'forget'>

/** Remembers where the event is; one that comes after its slide was deleted goes at once. */
export async function keepPlace(deps: KeeperDeps, slideId: string, place: string | undefined): Promise<void> {
  if (place === undefined) return
  await deps.db.query
    .insertInto('kept_events')
    .values({ slide_id: slideId, place })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  if ((await findState(deps.db.query, slideId)) === 'withdrawn') await forgetEvents(deps, slideId)
}

/** Removes the events; after a failure in between the rest goes with the next attempt. */
export async function forgetEvents({ db, forget }: KeeperDeps, slideId: string): Promise<void> {
  const kept = await db.query.selectFrom('kept_events').select('place').where('slide_id', '=', slideId).execute()
  for (const { place } of kept) {
    await forget('slides.deidentified', place)
    await db.query.deleteFrom('kept_events').where('slide_id', '=', slideId).where('place', '=', place).execute()
  }
}
