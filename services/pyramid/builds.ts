/** Builds and their tasks: rows that live from the plan to the outcome. */
import { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import type { PyramidPlan } from '@coverslip/wsi/convert/parts.ts'
import { partTiles } from '@coverslip/wsi/convert/plan.ts'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { SlideRevision } from './keys.ts'
import type { BuildRow, Tables } from './tables.ts'

type Queries = Kysely<Tables> | Transaction<Tables>

export interface Build extends SlideRevision {
  event: SlideDeidentified
  plan: PyramidPlan
  /** The first part that no worker has been asked for yet. */
  nextPart: number
  cpuSeconds: number
  movedBytes: number
  /** Since its first part was begun; 0 before. */
  seconds: number
}

/** What a part cost. */
export interface BuiltPart {
  bytes: number
  sha256: string
  cpuSeconds: number
  movedBytes: number
}

const SECONDS = sql<number>`coalesce(extract(epoch from now() - begun_at), 0)::double precision`

function toBuild(row: BuildRow & { seconds: number }): Build {
  return {
    slideId: row.slide_id,
    revision: row.revision,
    event: SlideDeidentified.fromJSON(JSON.parse(row.event)),
    plan: JSON.parse(row.plan) as PyramidPlan,
    nextPart: row.next_part,
    cpuSeconds: Number(row.cpu_ms) / 1000,
    movedBytes: Number(row.moved_bytes),
    seconds: Number(row.seconds),
  }
}

export async function findBuild(queries: Queries, { slideId, revision }: SlideRevision): Promise<Build | undefined> {
  const row = await queries
    .selectFrom('builds')
    .selectAll()
    .select(SECONDS.as('seconds'))
    .where('slide_id', '=', slideId)
    .where('revision', '=', revision)
    .executeTakeFirst()
  return row && toBuild(row)
}

/** As findBuild; nobody else changes the build before the transaction ends. */
export async function lockBuild(trx: Transaction<Tables>, of: SlideRevision): Promise<Build | undefined> {
  await trx
    .selectFrom('builds')
    .select('revision')
    .where('slide_id', '=', of.slideId)
    .where('revision', '=', of.revision)
    .forUpdate()
    .execute()
  return findBuild(trx, of)
}

/**
 * Saves a build with its tasks, all wanted.
 * @param asked number of parts that workers are asked for at once
 * @returns false when there is one already
 */
export async function insertBuild(
  trx: Transaction<Tables>,
  event: SlideDeidentified,
  plan: PyramidPlan,
  asked: number,
): Promise<boolean> {
  const { slideId, revision } = event
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('builds')
    .values({
      slide_id: slideId,
      revision,
      event: JSON.stringify(SlideDeidentified.toJSON({ ...event, reportJson: '' })),
      plan: JSON.stringify(plan),
      parts: plan.parts,
      next_part: asked,
    } as never)
    .onConflict(conflict => conflict.columns(['slide_id', 'revision']).doNothing())
    .executeTakeFirstOrThrow()
  if (Number(numInsertedOrUpdatedRows) === 0) return false
  await insertTasks(trx, event, plan)
  return true
}

/** The assembly among the tasks. */
export const ASSEMBLY = -1
/**
 * What it takes beside the parts: so much of their time for the copy, and that of so many pixels for the comparison. As
 * measured with an S3 server on the same machine; where the store is a folder the copy is faster than that.
 */
const COPY_SHARE = 0.2
const COMPARISON_PIXELS = 50e6

const assemblyPixels = ({ width, height }: PyramidPlan): number => COPY_SHARE * width * height + COMPARISON_PIXELS

/** How much of the assembly is done when the file is in its store; the rest is the comparison. */
export const storedFraction = (plan: PyramidPlan): number => 1 - COMPARISON_PIXELS / assemblyPixels(plan)
/** PostgreSQL takes 65,535 parameters. */
const ROWS_AT_ONCE = 5000

async function insertTasks(trx: Transaction<Tables>, of: SlideRevision, plan: PyramidPlan): Promise<void> {
  const tiles = Array.from({ length: plan.parts }, (_, part) => partTiles(plan, part, 0))
  const total = tiles.reduce((sum, { across, down }) => sum + across * down, 0)
  const pixels = plan.width * plan.height
  const partsWeight = pixels / (pixels + assemblyPixels(plan))
  const rowOf = (task: number, weight: number) =>
    ({ slide_id: of.slideId, revision: of.revision, task, state: 'wanted', weight }) as const
  const parts = tiles.map(({ across, down }, i) => rowOf(i, (partsWeight * across * down) / total))
  const rows = [...parts, rowOf(ASSEMBLY, 1 - partsWeight)]
  for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
    await trx
      .insertInto('tasks')
      .values(rows.slice(i, i + ROWS_AT_ONCE) as never)
      .execute()
  }
}

/** Begins again with another plan of the same slide; costs so far stay on the account. */
export async function replan(
  trx: Transaction<Tables>,
  of: SlideRevision,
  plan: PyramidPlan,
  asked: number,
): Promise<void> {
  await trx.deleteFrom('tasks').where('slide_id', '=', of.slideId).where('revision', '=', of.revision).execute()
  await trx
    .updateTable('builds')
    .set({ plan: JSON.stringify(plan), parts: plan.parts, next_part: asked })
    .set({ told_at: null, told_fraction: 0, pace: null, workers: 1 })
    .where('slide_id', '=', of.slideId)
    .where('revision', '=', of.revision)
    .execute()
  await insertTasks(trx, of, plan)
}

export interface Finished {
  /** False when the part had been finished before. */
  counted: boolean
  /** The part to ask workers for next. */
  next: number | null
  /** Whether all parts are there now. */
  complete: boolean
}

/** Marks a part of a locked build as done. */
export async function finishPart(
  trx: Transaction<Tables>,
  build: Build,
  part: number,
  made: BuiltPart,
): Promise<Finished> {
  const { slideId, revision, nextPart, plan } = build
  const { numUpdatedRows } = await trx
    .updateTable('tasks')
    .set({ state: 'done', fraction: 1, bytes: made.bytes, sha256: made.sha256, holder: null, seen_at: null })
    .where('slide_id', '=', slideId)
    .where('revision', '=', revision)
    .where('task', '=', part)
    .where('state', '=', 'wanted')
    .executeTakeFirstOrThrow()
  if (Number(numUpdatedRows) === 0) return { counted: false, next: null, complete: false }
  const next = nextPart < plan.parts ? nextPart : null
  await addCosts(trx, build, made, next === null ? nextPart : nextPart + 1)
  const { wanted } = await trx
    .selectFrom('tasks')
    .select(sql<number>`count(*)::integer`.as('wanted'))
    .where('slide_id', '=', slideId)
    .where('revision', '=', revision)
    .where('state', '=', 'wanted')
    .where('task', '<>', ASSEMBLY)
    .executeTakeFirstOrThrow()
  return { counted: true, next, complete: wanted === 0 }
}

async function addCosts(
  trx: Transaction<Tables>,
  { slideId, revision }: SlideRevision,
  { cpuSeconds, movedBytes }: Pick<BuiltPart, 'cpuSeconds' | 'movedBytes'>,
  nextPart: number,
): Promise<void> {
  await trx
    .updateTable('builds')
    .set({
      next_part: nextPart,
      cpu_ms: sql`cpu_ms + ${Math.round(cpuSeconds * 1000)}::bigint`,
      moved_bytes: sql`moved_bytes + ${movedBytes}::bigint`,
    } as never)
    .where('slide_id', '=', slideId)
    .where('revision', '=', revision)
    .execute()
}

/** The parts in order, when all of them are finished. */
export async function listParts(queries: Queries, { slideId, revision }: SlideRevision) {
  const rows = await queries
    .selectFrom('tasks')
    .select(['bytes', 'sha256', 'attempts'])
    .where('slide_id', '=', slideId)
    .where('revision', '=', revision)
    .where('state', '=', 'done')
    .orderBy('task')
    .execute()
  return rows.map(({ bytes, sha256, attempts }) => ({ bytes: Number(bytes), sha256: sha256 ?? '', attempts }))
}

/** Forgets a build and its tasks. */
export async function deleteBuild(trx: Transaction<Tables>, { slideId, revision }: SlideRevision): Promise<void> {
  await trx.deleteFrom('builds').where('slide_id', '=', slideId).where('revision', '=', revision).execute()
}
