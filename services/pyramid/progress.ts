/** How far a slide is, over all workers: told by whichever of them is due, at most twice a second. */
import type { Deps } from '@coverslip/platform/module.ts'
import { sql, type Transaction } from 'kysely'
import { ASSEMBLY } from './builds.ts'
import type { SlideRevision } from './keys.ts'
import { paceAfter, type Reading, secondsLeft } from './pace.ts'
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
      .select([
        'told_at',
        'told_fraction',
        'pace',
        'workers',
        since('told_at').as('elapsed'),
        since('begun_at').as('total'),
      ])
      .where('slide_id', '=', slideId)
      .where('revision', '=', revision)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
    if (!build || (build.told_at && build.elapsed < AGAIN_SECONDS)) return undefined
    const reading = await readTasks(trx, { slideId, revision })
    const last = { fraction: build.told_fraction, perSecond: build.pace, workers: build.workers }
    const pace = build.told_at
      ? paceAfter(last, reading, build.elapsed, build.total)
      : { ...last, fraction: reading.fraction, workers: reading.workers }
    await trx
      .updateTable('builds')
      .set({
        told_at: sql<Date>`clock_timestamp()`,
        told_fraction: pace.fraction,
        pace: pace.perSecond,
        workers: pace.workers,
      })
      .set({ begun_at: sql<Date>`coalesce(begun_at, clock_timestamp())` })
      .where('slide_id', '=', slideId)
      .where('revision', '=', revision)
      .execute()
    return { fraction: pace.fraction, secondsLeft: secondsLeft(pace, reading, build.total) }
  })
  if (told) deps.signal('pyramid.progress', { slideId, stage: 'tiling', ...told })
}

async function readTasks(trx: Transaction<Tables>, { slideId, revision }: SlideRevision): Promise<Reading> {
  const isAssembly = sql`task = ${ASSEMBLY}`
  const sum = (what: typeof isAssembly) => sql<number>`coalesce(sum(${what}), 0)::double precision`
  const { done, parts, assembly, workers } = await trx
    .selectFrom('tasks')
    .select([
      sum(sql`weight * fraction`).as('done'),
      sum(sql`case when ${isAssembly} then 0 else weight * (1 - fraction) end`).as('parts'),
      sum(sql`case when ${isAssembly} then weight * (1 - fraction) else 0 end`).as('assembly'),
      sql<number>`count(holder)::double precision`.as('workers'),
    ])
    .where('slide_id', '=', slideId)
    .where('revision', '=', revision)
    .executeTakeFirstOrThrow()
  // What is done may differ from its share in the last digit.
  return { fraction: done, parts: parts < 1e-9 ? 0 : parts, assembly, workers }
}
