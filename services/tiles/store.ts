/** The slides served, by id. */
import type { Db } from '@coverslip/platform/db/port.ts'
import type { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { sql } from 'kysely'

export interface Tables {
  slides: {
    slide_id: string
    revision: number
    project: string
    object_key: string
    bytes: string | number | bigint
    sha256: string
    width: number
    height: number
    tile_size: number
    geometry: unknown
    traceparent: string | null
    deleted: boolean
  }
}

export interface ServedSlide {
  slideId: string
  revision: number
  project: string
  key: string
  bytes: number
  sha256: string
  width: number
  height: number
  tileSize: number
  geometry: Geometry
  /** Of the slide's way from upload to here; a viewer's first tile links to it. */
  traceparent: string | undefined
}

/** Serves a revision from now on; an older one than the present, or one of a deleted slide, changes nothing. */
export async function saveSlide(db: Db<Tables>, slide: ServedSlide): Promise<void> {
  const row = {
    slide_id: slide.slideId,
    revision: slide.revision,
    project: slide.project,
    object_key: slide.key,
    bytes: slide.bytes,
    sha256: slide.sha256,
    width: slide.width,
    height: slide.height,
    tile_size: slide.tileSize,
    geometry: JSON.stringify(slide.geometry),
    traceparent: slide.traceparent ?? null,
    deleted: false,
  }
  const { slide_id: _, ...changed } = row
  await db.query
    .insertInto('slides')
    .values(row)
    .onConflict(conflict =>
      conflict
        .column('slide_id')
        .doUpdateSet(changed)
        .where('slides.revision', '<=', slide.revision)
        .where('slides.deleted', '=', false),
    )
    .execute()
}

export async function findSlide(db: Db<Tables>, slideId: string): Promise<ServedSlide | undefined> {
  const row = await db.query.selectFrom('slides').selectAll().where('slide_id', '=', slideId).executeTakeFirst()
  if (!row || row.deleted) return undefined
  return {
    slideId: row.slide_id,
    revision: row.revision,
    project: row.project,
    key: row.object_key,
    bytes: Number(row.bytes),
    sha256: row.sha256,
    width: row.width,
    height: row.height,
    tileSize: row.tile_size,
    geometry: (typeof row.geometry === 'string' ? JSON.parse(row.geometry) : row.geometry) as Geometry,
    traceparent: row.traceparent ?? undefined,
  }
}

/** Marks a slide as deleted, known or not, and returns what was served until now. */
export async function deleteSlide(db: Db<Tables>, slideId: string): Promise<ServedSlide | undefined> {
  const served = await findSlide(db, slideId)
  const empty = { revision: 0, project: '', object_key: '', bytes: 0, sha256: '', width: 0, height: 0, tile_size: 0 }
  await db.query
    .insertInto('slides')
    .values({ slide_id: slideId, ...empty, geometry: sql`'{}'::jsonb` as never, traceparent: null, deleted: true })
    .onConflict(conflict => conflict.column('slide_id').doUpdateSet({ deleted: true }))
    .execute()
  return served
}
