/** The slides served, by id, each with its renditions. */
import type { Db } from '@coverslip/platform/db/port.ts'
import type { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import type { UsageTables } from './costs/usage.ts'
import { eraseOverlays, type OverlayTables } from './overlays/rows.ts'
import type { StageTables } from './stage/rows.ts'

type Count = string | number | bigint

export interface Tables extends StageTables, UsageTables, OverlayTables {
  slides: {
    slide_id: string
    project: string
    traceparent: string | null
    deleted: boolean
    release_name: string | null
  }
  renditions: {
    slide_id: string
    name: string
    revision: number
    kind: RenditionKind
    format: string
    object_key: string
    more_keys: unknown
    bytes: Count
    sha256: string
    width: number
    height: number
    tile_size: number
    geometry: unknown
  }
}

export type RenditionKind = 'pyramid' | 'original'

/** A file that a slide can be seen from. */
export interface ServedRendition {
  slideId: string
  project: string
  revision: number
  kind: RenditionKind
  /** What URLs, ETags and cache keys hold, see renditions/rendition.ts; always the same bytes. */
  name: string
  /** OpenSlide's vendor name. */
  format: string
  /** In the store of its kind; `moreKeys` lie beside it (MRXS). */
  key: string
  moreKeys: readonly string[]
  bytes: number
  sha256: string
  width: number
  height: number
  tileSize: number
  geometry: Geometry
}

export interface ServedSlide {
  slideId: string
  project: string
  /** Of the slide's way from upload to here; a viewer's first tile links to it. */
  traceparent: string | undefined
  /** Null where it has none, or none is known yet. */
  releaseName: string | null
  /** The one to show first: the newest revision, its pyramid before its original. At least one. */
  renditions: readonly ServedRendition[]
}

/** The name of a rendition: `3`, `3-original`. */
export const renditionName = (revision: number, kind: RenditionKind): string =>
  kind === 'pyramid' ? String(revision) : `${revision}-original`

/** Serves a rendition from now on, beside those that are there; one of a deleted slide changes nothing. */
export async function saveRendition(
  db: Db<Tables>,
  given: Omit<ServedRendition, 'name'>,
  traceparent: string | undefined,
): Promise<void> {
  const { slideId, project, revision, kind } = given
  await db.transaction(async trx => {
    const slide = { slide_id: slideId, project, traceparent: traceparent ?? null, deleted: false, release_name: null }
    const kept = await trx
      .insertInto('slides')
      .values(slide)
      .onConflict(conflict =>
        conflict
          .column('slide_id')
          .doUpdateSet({ project, traceparent: slide.traceparent })
          .where('slides.deleted', '=', false),
      )
      .returning('slide_id')
      .executeTakeFirst()
    if (!kept) return
    const row = {
      slide_id: slideId,
      name: renditionName(revision, kind),
      revision,
      kind,
      format: given.format,
      object_key: given.key,
      more_keys: JSON.stringify(given.moreKeys),
      bytes: given.bytes,
      sha256: given.sha256,
      width: given.width,
      height: given.height,
      tile_size: given.tileSize,
      geometry: JSON.stringify(given.geometry),
    }
    await trx
      .insertInto('renditions')
      .values(row)
      .onConflict(conflict => conflict.columns(['slide_id', 'name']).doUpdateSet(row))
      .execute()
  })
}

/** Names a slide, served already or not; a deleted one stays without. */
export async function saveReleaseName(
  db: Db<Tables>,
  { slideId, project }: { slideId: string; project: string },
  name: string,
): Promise<void> {
  await db.query
    .insertInto('slides')
    .values({ slide_id: slideId, project, traceparent: null, deleted: false, release_name: name })
    .onConflict(conflict =>
      conflict.column('slide_id').doUpdateSet({ release_name: name }).where('slides.deleted', '=', false),
    )
    .execute()
}

/** Undefined for a slide that is deleted or has nothing to show. */
export async function findSlide(db: Db<Tables>, slideId: string): Promise<ServedSlide | undefined> {
  const rows = await db.query
    .selectFrom('slides')
    .innerJoin('renditions', 'renditions.slide_id', 'slides.slide_id')
    .selectAll('renditions')
    .select(['slides.project', 'slides.traceparent', 'slides.release_name'])
    .where('slides.slide_id', '=', slideId)
    .where('slides.deleted', '=', false)
    .execute()
  const [first] = rows
  if (!first) return undefined
  const renditions = rows.map(toRendition).sort(byRank)
  const { project, traceparent, release_name: releaseName } = first
  return { slideId, project, traceparent: traceparent ?? undefined, releaseName, renditions }
}

const byRank = (one: ServedRendition, other: ServedRendition): number =>
  other.revision - one.revision || (one.kind === 'pyramid' ? -1 : 1)

function toRendition(row: Tables['renditions'] & { project: string }): ServedRendition {
  return {
    slideId: row.slide_id,
    project: row.project,
    revision: row.revision,
    kind: row.kind,
    name: row.name,
    format: row.format,
    key: row.object_key,
    moreKeys: parsed<string[]>(row.more_keys),
    bytes: Number(row.bytes),
    sha256: row.sha256,
    width: row.width,
    height: row.height,
    tileSize: row.tile_size,
    geometry: parsed<Geometry>(row.geometry),
  }
}

const parsed = <Value>(value: unknown): Value => (typeof value === 'string' ? JSON.parse(value) : value) as Value

/** Marks a slide as deleted, known or not, and returns what was served until now. */
export async function deleteSlide(db: Db<Tables>, slideId: string): Promise<ServedSlide | undefined> {
  const served = await findSlide(db, slideId)
  await db.transaction(async trx => {
    await trx
      .insertInto('slides')
      .values({ slide_id: slideId, project: '', traceparent: null, deleted: true, release_name: null })
      .onConflict(conflict => conflict.column('slide_id').doUpdateSet({ deleted: true, release_name: null }))
      .execute()
    await trx.deleteFrom('renditions').where('slide_id', '=', slideId).execute()
    await eraseOverlays(trx, slideId)
  })
  return served
}
