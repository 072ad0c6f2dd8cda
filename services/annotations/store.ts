/** Writing: every change raises the slide's counter under the slide's row lock, in its own transaction. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { type Annotation, digestOf } from '@coverslip/wsi/annotation-files/annotation.ts'
import type { Transaction } from 'kysely'
import { type By, type Columns, type Draft, type LockedSlide, newContent, newRow } from './columns.ts'
import { ANNOTATION_COLUMNS, type AnnotationTables, fromRow } from './tables.ts'

type Trx = Transaction<AnnotationTables>

/** `same`: there already with equal content. `differs`: the id is in use for other content. */
export type Outcome = 'created' | 'same' | 'differs' | 'deleted' | 'restored'

/** 2^16 parameters are the most that a statement can have. */
const ROWS_PER_INSERT = 500
const IDS_PER_QUERY = 5000

const noSlide = (): ServiceError => new ServiceError('not-found', 'There is no such slide')
const noAnnotation = (): ServiceError => new ServiceError('not-found', 'There is no such annotation')

/** @throws ServiceError `not-found` when the slide was deleted */
async function lockSlide(trx: Trx, id: string): Promise<LockedSlide> {
  for (;;) {
    const row = await trx.selectFrom('slides').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
    if (row?.is_deleted) throw noSlide()
    if (row) return { id, number: Number(row.number), seq: Number(row.seq) }
    await trx
      .insertInto('slides')
      .values({ id, seq: 0, is_deleted: false })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}

async function saveSeq(trx: Trx, { id, seq }: LockedSlide): Promise<void> {
  await trx.updateTable('slides').set({ seq }).where('id', '=', id).execute()
}

/**
 * Creates what is not there yet; each new one gets its own number of the slide's counter.
 * @param drafts ids differ
 * @param options.restores whether an id that was deleted is brought back; otherwise it is left deleted
 * @returns what became of each draft, and the counter afterwards
 * @throws ServiceError `not-found` when the slide was deleted
 */
export async function createAnnotations(
  trx: Trx,
  slideId: string,
  drafts: readonly Draft[],
  by: By,
  options: { restores: boolean },
): Promise<{ outcomes: Outcome[]; seq: number; isChanged: boolean }> {
  const slide = await lockSlide(trx, slideId)
  const before = slide.seq
  const known = await knownOf(trx, slideId, drafts)
  const digests = drafts.map(draft => digestOf(draft.content))
  const outcomes = drafts.map(({ id }, i): Outcome => {
    const there = known.get(id)
    if (!there) return 'created'
    if (there.digest === null) return options.restores ? 'restored' : 'deleted'
    return there.digest === digests[i] ? 'same' : 'differs'
  })
  const rows: Columns[] = []
  for (const [i, draft] of drafts.entries()) {
    if (outcomes[i] === 'created') rows.push(newRow(slide, draft, digests[i]!, by))
    if (outcomes[i] === 'restored') {
      const columns = { ...newContent(slide, draft.content, by), is_deleted: false, origin: by.origin }
      await nextVersion(trx, slide, { id: draft.id, version: known.get(draft.id)!.version }, columns)
    }
  }
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
    await trx
      .insertInto('annotations')
      .values(rows.slice(at, at + ROWS_PER_INSERT))
      .execute()
  }
  const isChanged = slide.seq > before
  if (isChanged) await saveSeq(trx, slide)
  return { outcomes, seq: slide.seq, isChanged }
}

async function knownOf(
  trx: Trx,
  slideId: string,
  drafts: readonly Draft[],
): Promise<Map<string, { digest: string | null; version: number }>> {
  const known = new Map<string, { digest: string | null; version: number }>()
  for (let at = 0; at < drafts.length; at += IDS_PER_QUERY) {
    const ids = drafts.slice(at, at + IDS_PER_QUERY).map(draft => draft.id)
    const rows = await trx
      .selectFrom('annotations')
      .select(['id', 'digest', 'version'])
      .where('slide_id', '=', slideId)
      .where('id', 'in', ids)
      .execute()
    for (const { id, digest, version } of rows) known.set(id, { digest, version })
  }
  return known
}

/**
 * Replaces an annotation's content, unless it is equal already (a repeated request).
 * @param ifVersion 0: whatever version is current
 * @throws ServiceError `not-found`, `precondition-failed` when somebody else changed it in the meantime
 */
export async function updateAnnotation(
  trx: Trx,
  slideId: string,
  draft: Draft,
  ifVersion: number,
  by: Omit<By, 'origin'>,
): Promise<{ annotation: Annotation; seq: number; isChanged: boolean }> {
  const slide = await lockSlide(trx, slideId)
  const current = await currentOf(trx, slideId, draft.id)
  const isChanged = current.digest !== digestOf(draft.content)
  if (isChanged) {
    checkVersion(current.version, ifVersion)
    await nextVersion(trx, slide, { id: draft.id, version: current.version }, newContent(slide, draft.content, by))
    await saveSeq(trx, slide)
  }
  const [annotation] = await readAnnotations(trx, slideId, [draft.id])
  return { annotation: annotation!, seq: slide.seq, isChanged }
}

/**
 * Deletes an annotation; its versions are kept and its id stays used.
 * @param ifVersion 0: whatever version is current
 * @throws ServiceError `not-found`, `precondition-failed` when somebody else changed it in the meantime
 */
export async function deleteAnnotation(
  trx: Trx,
  slideId: string,
  id: string,
  ifVersion: number,
  by: Omit<By, 'origin'>,
): Promise<{ seq: number }> {
  const slide = await lockSlide(trx, slideId)
  const { version } = await currentOf(trx, slideId, id)
  checkVersion(version, ifVersion)
  const gone = { is_deleted: true, place: null, content: null, bytes: 0, digest: null }
  await nextVersion(trx, slide, { id, version }, { ...gone, changed_by: by.user, changed_at: by.at })
  await saveSeq(trx, slide)
  return { seq: slide.seq }
}

async function currentOf(trx: Trx, slideId: string, id: string): Promise<{ version: number; digest: string | null }> {
  const row = await trx
    .selectFrom('annotations')
    .select(['version', 'digest'])
    .where('slide_id', '=', slideId)
    .where('id', '=', id)
    .where('is_deleted', '=', false)
    .executeTakeFirst()
  if (!row) throw noAnnotation()
  return row
}

function checkVersion(current: number, expected: number): void {
  if (expected !== 0 && expected !== current)
    throw new ServiceError('precondition-failed', 'Somebody else changed this annotation; fetch it again')
}

/** Puts the current version among the former ones, then writes the next. */
async function nextVersion(
  trx: Trx,
  slide: LockedSlide,
  { id, version }: { id: string; version: number },
  columns: Partial<Columns>,
): Promise<void> {
  const kept = ['slide_id', 'id', 'version', 'seq', 'content', 'bytes', 'origin', 'changed_by', 'changed_at'] as const
  await trx
    .insertInto('versions')
    .columns(kept)
    .expression(eb => eb.selectFrom('annotations').select(kept).where('slide_id', '=', slide.id).where('id', '=', id))
    .execute()
  slide.seq += 1
  await trx
    .updateTable('annotations')
    .set({ ...columns, version: version + 1, seq: slide.seq })
    .where('slide_id', '=', slide.id)
    .where('id', '=', id)
    .execute()
}

/** In the order of the ids; those that are not there, or deleted, are left out. */
export async function readAnnotations(
  trx: Pick<Trx, 'selectFrom'>,
  slideId: string,
  ids: readonly string[],
): Promise<Annotation[]> {
  if (ids.length === 0) return []
  const rows = await trx
    .selectFrom('annotations')
    .select(ANNOTATION_COLUMNS)
    .where('slide_id', '=', slideId)
    .where('id', 'in', ids)
    .where('is_deleted', '=', false)
    .execute()
  const found = new Map(rows.map(row => [row.id, fromRow(row)]))
  return ids.flatMap(id => found.get(id) ?? [])
}

/** Removes all that is kept of a slide but its id, so that a late request cannot bring anything back. Idempotent. @returns how many rows */
export async function deleteSlide(trx: Trx, slideId: string): Promise<number> {
  await trx
    .insertInto('slides')
    .values({ id: slideId, seq: 0, is_deleted: true })
    .onConflict(conflict => conflict.column('id').doUpdateSet({ is_deleted: true }))
    .execute()
  const versions = await trx.deleteFrom('versions').where('slide_id', '=', slideId).executeTakeFirstOrThrow()
  const annotations = await trx.deleteFrom('annotations').where('slide_id', '=', slideId).executeTakeFirstOrThrow()
  return Number(versions.numDeletedRows + annotations.numDeletedRows)
}
