/** Pins: what keeps slides on the stage under a name, that of a campaign for one, until it is taken away. */
import type { Db } from '@coverslip/platform/db/port.ts'
import type { StageView } from '@coverslip/proto/api/stage.ts'
import { sql } from 'kysely'
import type { Tables } from '../store.ts'
import { wantAhead } from './rows.ts'

/** `['*']` stands for every project. */
export type Projects = readonly string[]

export interface PinnedSlide {
  slideId: string
  project: string
  bytes: number
}

/** Slides that have a pyramid, by id, or all of a project. */
export async function findSlides(
  db: Db<Tables>,
  of: { slides: string[] } | { project: string },
): Promise<PinnedSlide[]> {
  const rows = await db.query
    .selectFrom('renditions')
    .innerJoin('slides', 'slides.slide_id', 'renditions.slide_id')
    .select(['slides.slide_id', 'project', 'bytes'])
    .distinctOn('slides.slide_id')
    .where('kind', '=', 'pyramid')
    .where('deleted', '=', false)
    .where(({ eb }) => ('slides' in of ? eb('slides.slide_id', 'in', of.slides) : eb('project', '=', of.project)))
    .orderBy('slides.slide_id')
    .orderBy('revision', 'desc')
    .execute()
  return rows.map(row => ({ slideId: row.slide_id, project: row.project, bytes: Number(row.bytes) }))
}

/** Pins slides and wants their pyramids; those that are pinned already stay so. */
export async function pinSlides(
  db: Db<Tables>,
  { name, user, slides }: { name: string; user: string; slides: PinnedSlide[] },
): Promise<void> {
  await db.transaction(async trx => {
    for (let i = 0; i < slides.length; i += 1000) {
      const some = slides.slice(i, i + 1000)
      await trx
        .insertInto('pins')
        .values(some.map(({ slideId, project }) => ({ name, slide_id: slideId, project, pinned_by: user })))
        .onConflict(conflict => conflict.doNothing())
        .execute()
      const ids = some.map(({ slideId }) => slideId)
      await wantAhead(trx, ids)
    }
  })
}

/** @returns how many slides it had kept */
export async function unpin(db: Db<Tables>, name: string, projects: Projects): Promise<number> {
  const { numDeletedRows } = await db.query
    .deleteFrom('pins')
    .where('name', '=', name)
    .$if(!projects.includes('*'), query => query.where('project', 'in', [...projects]))
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

/** Pins with how much of them is staged. */
export async function listPins(db: Db<Tables>, projects: Projects): Promise<StageView['pins']> {
  if (projects.length === 0) return []
  const rows = await db.query
    .selectFrom('pins')
    .leftJoin('staged', join => join.onRef('staged.slide_id', '=', 'pins.slide_id').on('staged.state', '!=', 'leaving'))
    .select(({ fn }) => [
      'pins.name',
      sql<string>`min(pins.pinned_by)`.as('by'),
      sql<Date>`min(pins.pinned_at)`.as('at'),
      fn.count<number>('pins.slide_id').distinct().as('slides'),
      fn.count<number>('staged.object_key').filterWhere('staged.state', '=', 'staged').as('ready'),
      fn.sum<string | null>('staged.bytes').as('bytes'),
    ])
    .$if(!projects.includes('*'), query => query.where('pins.project', 'in', [...projects]))
    .groupBy('pins.name')
    .orderBy('pins.name')
    .execute()
  return rows.map(row => ({
    name: row.name,
    slides: Number(row.slides),
    staged: Number(row.ready),
    bytes: Number(row.bytes ?? 0),
    pinnedBy: row.by,
    pinnedAt: row.at.toISOString(),
  }))
}

/** What is on the stage or on its way there, most recently viewed first. */
export async function listCopies(db: Db<Tables>, projects: Projects, most: number): Promise<StageView['slides']> {
  if (projects.length === 0) return []
  const rows = await db.query
    .selectFrom('staged')
    .select(['slide_id', 'project', 'bytes', 'state', 'viewed_at', 'reason'])
    .select(({ selectFrom }) =>
      selectFrom('pins')
        .select(sql<string | null>`string_agg(pins.name, ',' order by pins.name)`.as('names'))
        .whereRef('pins.slide_id', '=', 'staged.slide_id')
        .as('pins'),
    )
    .$if(!projects.includes('*'), query => query.where('project', 'in', [...projects]))
    .orderBy(sql`viewed_at desc nulls last, slide_id`)
    .limit(most)
    .execute()
  return rows.map(row => ({
    id: row.slide_id,
    project: row.project,
    state: row.state,
    bytes: Number(row.bytes),
    viewedAt: row.viewed_at?.toISOString() ?? null,
    reason: row.reason,
    pins: row.pins ? String(row.pins).split(',') : [],
  }))
}

/** Bytes and pyramids that take room now, whoever's they are. */
export async function stagedTotals(db: Db<Tables>): Promise<{ bytes: number; objects: number; waiting: number }> {
  const rows = await db.query
    .selectFrom('staged')
    .select(({ fn }) => ['state', fn.sum<string>('bytes').as('bytes'), fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute()
  const sum = (states: string[], of: 'bytes' | 'count') =>
    rows.filter(row => states.includes(row.state)).reduce((total, row) => total + Number(row[of]), 0)
  return {
    bytes: sum(['staged', 'copying', 'leaving'], 'bytes'),
    objects: sum(['staged'], 'count'),
    waiting: sum(['wanted', 'copying'], 'count'),
  }
}
