/** How far a slide is, over all workers: told by whichever of them is due, at most twice a second. */
import type { Deps } from '@coverslip/platform/module.ts'
import { sql } from 'kysely'
import type { SlideRevision } from './keys.ts'
import { paceAfter, secondsLeft } from './pace.ts'
import type { Tables } from './tables.ts'

const AGAIN_SECONDS = 0.5

/** Seconds between a column and now; 0 where it is empty. */
const since = (column: string) =>
  sql<number>`coalesce(extract(epoch from clock_timestamp() - ${sql.ref(column)}), 0)::double precision`

/** Tells the progress of a build, unless somebody has just done so. */
export async function tellProgress(
  deps: Pick<Deps<Tables>, 'db' | 'signal'>,
  { slideId, revision }: SlideRevision,
): Promise<void> {
  const told = await deps.db.transaction(async trx => {
    const build = await trx
      .selectFrom('builds')
      .select(['told_at', 'told_fraction', 'pace', since('told_at').as('elapsed'), since('begun_at').as('total')])
      .where('slide_id', '=', slideId)
      .where('revision', '=', revision)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
    if (!build || (build.told_at && build.elapsed < AGAIN_SECONDS)) return undefined
    const { done } = await trx
      .selectFrom('tasks')
      .select(sql<number>`coalesce(sum(weight * fraction), 0)::double precision`.as('done'))
      .where('slide_id', '=', slideId)
      .where('revision', '=', revision)
      .executeTakeFirstOrThrow()
    const last = { fraction: build.told_fraction, perSecond: build.pace }
    const pace = build.told_at ? paceAfter(last, done, build.elapsed, build.total) : { ...last, fraction: done }
    await trx
      .updateTable('builds')
      .set({ told_at: sql<Date>`clock_timestamp()`, told_fraction: pace.fraction, pace: pace.perSecond })
      .set({ begun_at: sql<Date>`coalesce(begun_at, clock_timestamp())` })
      .where('slide_id', '=', slideId)
      .where('revision', '=', revision)
      .execute()
    return { fraction: pace.fraction, secondsLeft: secondsLeft(pace, build.total) }
  })
  if (told) deps.signal('slides.progress', { slideId, stage: 'tiling', ...told })
}
