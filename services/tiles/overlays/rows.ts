/** The rows of heat maps. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import { type Generated, sql, type Transaction } from 'kysely'
import type { Tables } from '../store.ts'
import type { Rectangle } from './paint.ts'
import type { Range } from './steps.ts'

export interface OverlayTables {
  overlays: {
    overlay_id: string
    slide_id: string
    name: string
    x: number
    y: number
    width: number
    height: number
    columns: number
    rows: number
    low: number
    high: number
    shown_min: number
    shown_max: number
    /** Packed, see steps.ts. */
    steps: Uint8Array
    created_by: string
    created_at: Generated<Date>
  }
}

/** A heat map without its values. */
export interface Overlay extends Rectangle, Range {
  id: string
  name: string
  columns: number
  rows: number
  /** The values at the ends of the colours. */
  min: number
  max: number
  createdAt: Date
}

export type NewOverlay = Omit<Overlay, 'createdAt'> & { steps: Uint8Array; createdBy: string }

const MOST_OF_A_SLIDE = 50

/** @throws ServiceError `not-found` when the slide has been deleted meanwhile, `conflict` when it has too many */
export async function saveOverlay(db: Db<Tables>, slideId: string, overlay: NewOverlay): Promise<Overlay> {
  const { id, name, x, y, width, height, columns, rows, low, high, min, max, steps, createdBy } = overlay
  return db.transaction(async trx => {
    // A deletion waits for this, or this for the deletion.
    const slide = await trx
      .selectFrom('slides')
      .select('slide_id')
      .where('slide_id', '=', slideId)
      .where('deleted', '=', false)
      .forUpdate()
      .executeTakeFirst()
    if (!slide) throw unknownThing()
    const { count } = await trx
      .selectFrom('overlays')
      .select(sql<number>`count(*)::integer`.as('count'))
      .where('slide_id', '=', slideId)
      .executeTakeFirstOrThrow()
    if (count >= MOST_OF_A_SLIDE) {
      throw new ServiceError('conflict', `A slide may have ${MOST_OF_A_SLIDE} heat maps; delete one first`)
    }
    const place = { x, y, width, height, columns, rows, low, high, shown_min: min, shown_max: max }
    const row = await trx
      .insertInto('overlays')
      .values({ overlay_id: id, slide_id: slideId, name, ...place, steps, created_by: createdBy })
      .returning('created_at')
      .executeTakeFirstOrThrow()
    return { id, name, x, y, width, height, columns, rows, low, high, min, max, createdAt: row.created_at }
  })
}

/** Those of a slide, the oldest first. */
export async function listOverlays(db: Db<Tables>, slideId: string): Promise<Overlay[]> {
  const place = ['x', 'y', 'width', 'height', 'columns', 'rows', 'low', 'high'] as const
  return db.query
    .selectFrom('overlays')
    .select(['overlay_id as id', 'name', ...place, 'shown_min as min', 'shown_max as max', 'created_at as createdAt'])
    .where('slide_id', '=', slideId)
    .orderBy('created_at')
    .orderBy('overlay_id')
    .execute()
}

/** The packed values; undefined when the heat map is gone. */
export async function readSteps(db: Db<Tables>, overlayId: string): Promise<Uint8Array | undefined> {
  const row = await db.query
    .selectFrom('overlays')
    .select('steps')
    .where('overlay_id', '=', overlayId)
    .executeTakeFirst()
  return row?.steps
}

/** @throws ServiceError `not-found` */
export async function deleteOverlay(db: Db<Tables>, slideId: string, overlayId: string): Promise<void> {
  const { numDeletedRows } = await db.query
    .deleteFrom('overlays')
    .where('slide_id', '=', slideId)
    .where('overlay_id', '=', overlayId)
    .executeTakeFirst()
  if (numDeletedRows === 0n) throw unknownThing()
}

/** How many there are, and their bytes. */
export async function countOverlays(db: Db<Tables>, slideId: string): Promise<{ rows: number; bytes: number }> {
  const found = await db.query
    .selectFrom('overlays')
    .select([sql<number>`count(*)::integer`.as('rows'), sql<string>`coalesce(sum(octet_length(steps)), 0)`.as('bytes')])
    .where('slide_id', '=', slideId)
    .executeTakeFirstOrThrow()
  return { rows: found.rows, bytes: Number(found.bytes) }
}

export const eraseOverlays = (trx: Transaction<Tables>, slideId: string) =>
  trx.deleteFrom('overlays').where('slide_id', '=', slideId).execute()
