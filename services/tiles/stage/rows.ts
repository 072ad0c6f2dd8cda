/** The rows of the stage: which pyramids are to be copied there, are being copied, are there, or leave. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { type ExpressionBuilder, type Generated, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Tables } from '../store.ts'

export type CopyState = 'wanted' | 'copying' | 'staged' | 'leaving'

export interface StageTables {
  staged: {
    object_key: string
    slide_id: string
    project: string
    bytes: string | number | bigint
    sha256: string
    state: CopyState
    /** Null: staged ahead, and nobody has looked at it yet. */
    viewed_at: Date | null
    /** Who copies or removes it, and the last sign of life. */
    holder: string | null
    seen_at: Date | null
    attempts: Generated<number>
    /** Not tried again earlier. */
    not_before: Generated<Date>
    /** Why the last attempt came to nothing. */
    reason: string | null
  }
  pins: { name: string; slide_id: string; project: string; pinned_by: string; pinned_at: Generated<Date> }
}

/** One pyramid as the stage sees it; `key` is that of the pyramid store. */
export interface Copy {
  key: string
  slideId: string
  bytes: number
  sha256: string
  attempts: number
}

type Queries = Kysely<Tables> | Transaction<Tables>
const now = sql<Date>`now()`
const unseen = sql<Date | null>`null::timestamptz`
const ago = (seconds: number) => sql<Date>`now() - make_interval(secs => ${seconds})`
const isPinned = ({ exists, selectFrom }: ExpressionBuilder<Tables, 'staged'>) =>
  exists(selectFrom('pins').select('pins.slide_id').whereRef('pins.slide_id', '=', 'staged.slide_id'))

/** Pyramids that are served, as rows that are wanted. */
const WANTED = ['object_key', 'slide_id', 'project', 'bytes', 'sha256', 'state', 'viewed_at'] as const
const wishes = (queries: Queries, viewedAt: RawBuilder<Date | null>) =>
  queries
    .selectFrom('renditions')
    .innerJoin('slides', 'slides.slide_id', 'renditions.slide_id')
    .select(['renditions.object_key', 'renditions.slide_id', 'slides.project', 'renditions.bytes', 'renditions.sha256'])
    .select([sql<CopyState>`'wanted'`.as('state'), viewedAt.as('viewed_at')])
    .where('renditions.kind', '=', 'pyramid')
    .where('slides.deleted', '=', false)

/**
 * Notes that somebody looks at these pyramids: those that are not staged are wanted from now on.
 * @param limits.most bytes that the stage holds; what is larger is never wanted
 * @param limits.calmSeconds their copies begin so much later
 * @returns which of them are staged
 */
export async function noteViews(
  db: Db<Tables>,
  keys: string[],
  { most, calmSeconds }: { most: number; calmSeconds: number },
): Promise<Set<string>> {
  const rows = await db.query
    .insertInto('staged')
    .columns([...WANTED, 'not_before'])
    .expression(
      wishes(db.query, now)
        .select(ago(-calmSeconds).as('not_before'))
        .where('object_key', 'in', keys)
        .where('bytes', '<=', most),
    )
    .onConflict(conflict => conflict.column('object_key').doUpdateSet({ viewed_at: now }))
    .returning(['object_key', 'state'])
    .execute()
  return new Set(rows.filter(({ state }) => state === 'staged').map(row => row.object_key))
}

/** Wants the newest pyramids of slides, whether anybody looks at them or not. */
export async function wantAhead(queries: Queries, slideIds: string[]): Promise<void> {
  await queries
    .insertInto('staged')
    .columns([...WANTED])
    .expression(
      wishes(queries, unseen)
        .where('renditions.slide_id', 'in', slideIds)
        .distinctOn('renditions.slide_id')
        .orderBy('renditions.slide_id')
        .orderBy('revision', 'desc'),
    )
    .onConflict(conflict => conflict.column('object_key').doNothing())
    .execute()
}

/** Without a sign of life for so long, whoever copied is dead. */
const SILENT_SECONDS = 6
/** What was viewed this lately is being read: it does not leave. */
const IN_USE_SECONDS = 60
/** When there was no room, the next attempt. */
const NO_ROOM_SECONDS = 60

/**
 * Takes the next pyramid to copy, those that somebody looks at first, with its room reserved; one at a time in all
 * processes, so that together they never reserve more than the quota.
 * @returns `taken` undefined and `more` true when there was one without room; `leaving` makes the room: it is to be
 *   removed before the copy begins
 */
export function takeCopy(
  db: Db<Tables>,
  { quota, holder }: { quota: number; holder: string },
): Promise<{ taken: Copy | undefined; leaving: string[]; more: boolean }> {
  return db.transaction(async trx => {
    await sql`select pg_advisory_xact_lock(hashtext(${`${db.schema} stage`}))`.execute(trx)
    const row = await nextWanted(trx)
    if (!row) return { taken: undefined, leaving: [], more: false }
    const key = row.object_key
    const leaving = await roomFor(trx, { key, bytes: Number(row.bytes) }, quota)
    if (!leaving) {
      const reason = 'There is no room on the stage'
      await trx
        .updateTable('staged')
        .set({ state: 'wanted', holder: null, not_before: ago(-NO_ROOM_SECONDS), reason })
        .where('object_key', '=', key)
        .execute()
      return { taken: undefined, leaving: [], more: true }
    }
    if (leaving.length > 0) await beginToLeave(trx, leaving, holder)
    await trx
      .updateTable('staged')
      .set({ state: 'copying', holder, seen_at: now, attempts: row.attempts + 1, reason: null })
      .where('object_key', '=', key)
      .execute()
    const { slide_id: slideId, sha256, attempts } = row
    return { taken: { key, slideId, bytes: Number(row.bytes), sha256, attempts: attempts + 1 }, leaving, more: true }
  })
}

function nextWanted(trx: Transaction<Tables>) {
  return trx
    .selectFrom('staged')
    .selectAll()
    .where(({ or, and, eb }) =>
      or([
        and([eb('state', '=', 'wanted'), eb('not_before', '<=', now)]),
        and([eb('state', '=', 'copying'), eb('seen_at', '<', ago(SILENT_SECONDS))]),
      ]),
    )
    .orderBy(sql`viewed_at desc nulls last, object_key`)
    .limit(1)
    .executeTakeFirst()
}

/** The keys that have to leave, least recently viewed first; undefined when even that would not do. */
async function roomFor(
  trx: Transaction<Tables>,
  { key, bytes }: { key: string; bytes: number },
  quota: number,
): Promise<string[] | undefined> {
  const { used } = await trx
    .selectFrom('staged')
    .select(({ fn }) => fn.sum<string | null>('bytes').as('used'))
    .where('state', '!=', 'wanted')
    .where('object_key', '!=', key)
    .executeTakeFirstOrThrow()
  let missing = Number(used ?? 0) + bytes - quota
  if (missing <= 0) return []
  const candidates = await trx
    .selectFrom('staged')
    .select(['object_key', 'bytes'])
    .where('state', '=', 'staged')
    .where(({ or, eb }) => or([eb('viewed_at', 'is', null), eb('viewed_at', '<', ago(IN_USE_SECONDS))]))
    .where(eb => eb.not(isPinned(eb)))
    .orderBy(sql`viewed_at asc nulls first, object_key`)
    .execute()
  const leaving: string[] = []
  for (const candidate of candidates) {
    if (missing <= 0) break
    leaving.push(candidate.object_key)
    missing -= Number(candidate.bytes)
  }
  return missing <= 0 ? leaving : undefined
}

const beginToLeave = (queries: Queries, keys: string[], holder: string) =>
  queries
    .updateTable('staged')
    .set({ state: 'leaving', holder, seen_at: now })
    .where('object_key', 'in', keys)
    .execute()

const held = (queries: Queries, key: string, holder: string) =>
  queries
    .updateTable('staged')
    .where('object_key', '=', key)
    .where('holder', '=', holder)
    .where('state', '=', 'copying')

/** A sign of life. @returns whether the copy is still the holder's to make */
export async function beat(db: Db<Tables>, key: string, holder: string): Promise<boolean> {
  const { numUpdatedRows } = await held(db.query, key, holder).set({ seen_at: now }).executeTakeFirstOrThrow()
  return Number(numUpdatedRows) > 0
}

/**
 * The copy is there and checked: it is read from now on.
 * @returns `gone`: the slide was deleted meanwhile, the copy has to go; `taken`: somebody else has it in hand
 */
export async function noteStaged(db: Db<Tables>, key: string, holder: string): Promise<'staged' | 'gone' | 'taken'> {
  const { numUpdatedRows } = await held(db.query, key, holder)
    .set({ state: 'staged', holder: null, reason: null })
    .executeTakeFirstOrThrow()
  if (Number(numUpdatedRows) > 0) return 'staged'
  const row = await db.query.selectFrom('staged').select('state').where('object_key', '=', key).executeTakeFirst()
  return row ? 'taken' : 'gone'
}

/** Gives a copy back that came to nothing, to be tried after `seconds`. */
export async function giveBack(
  db: Db<Tables>,
  { key, holder, reason, seconds }: { key: string; holder: string; reason: string | null; seconds: number },
): Promise<void> {
  await held(db.query, key, holder)
    .set({ state: 'wanted', holder: null, not_before: ago(-seconds), reason })
    .execute()
}

export async function forget(db: Db<Tables>, key: string): Promise<void> {
  await db.query.deleteFrom('staged').where('object_key', '=', key).execute()
}

/** The file of a staged pyramid is not there: it is wanted again. */
export async function noteLost(db: Db<Tables>, key: string): Promise<void> {
  await db.query
    .updateTable('staged')
    .set({ state: 'wanted' })
    .where('object_key', '=', key)
    .where('state', '=', 'staged')
    .execute()
}

/** Copies that somebody began to remove and did not end with. */
export async function unfinishedLeaving(db: Db<Tables>): Promise<string[]> {
  const rows = await db.query
    .selectFrom('staged')
    .select('object_key')
    .where('state', '=', 'leaving')
    .where(({ or, eb }) => or([eb('seen_at', 'is', null), eb('seen_at', '<', ago(SILENT_SECONDS))]))
    .execute()
  return rows.map(row => row.object_key)
}

/** What nobody looks at any more need not be copied, unless it is pinned. */
export async function forgetOldWishes(db: Db<Tables>): Promise<void> {
  await db.query
    .deleteFrom('staged')
    .where('state', '=', 'wanted')
    .where('viewed_at', '<', ago(600))
    .where(eb => eb.not(isPinned(eb)))
    .execute()
}

/** Which of the keys have a row. */
export async function knownKeys(db: Db<Tables>, keys: string[]): Promise<Set<string>> {
  const rows = await db.query.selectFrom('staged').select('object_key').where('object_key', 'in', keys).execute()
  return new Set(rows.map(row => row.object_key))
}

/** A slide has a new pyramid: copies of older ones leave, and the new one is wanted where one was, or the slide is pinned. */
export async function followRevision(db: Db<Tables>, slideId: string): Promise<void> {
  await db.transaction(async trx => {
    const slide = await trx
      .selectFrom('renditions')
      .select('object_key')
      .where('slide_id', '=', slideId)
      .where('kind', '=', 'pyramid')
      .orderBy('revision', 'desc')
      .executeTakeFirst()
    if (!slide) return
    const { numUpdatedRows } = await trx
      .updateTable('staged')
      .set({ state: 'leaving', holder: null, seen_at: null })
      .where('slide_id', '=', slideId)
      .where('object_key', '!=', slide.object_key)
      .executeTakeFirstOrThrow()
    const pin = await trx.selectFrom('pins').select('name').where('slide_id', '=', slideId).executeTakeFirst()
    if (Number(numUpdatedRows) > 0 || pin) await wantAhead(trx, [slideId])
  })
}

/** Rows of a slide, those of its pins included. */
export async function countRows(db: Db<Tables>, slideId: string): Promise<number> {
  const counts = await Promise.all(
    (['staged', 'pins'] as const).map(table =>
      db.query
        .selectFrom(table)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('slide_id', '=', slideId)
        .executeTakeFirstOrThrow(),
    ),
  )
  return counts.reduce((sum, { count }) => sum + Number(count), 0)
}

export async function forgetSlide(db: Db<Tables>, slideId: string): Promise<void> {
  await db.query.deleteFrom('staged').where('slide_id', '=', slideId).execute()
  await db.query.deleteFrom('pins').where('slide_id', '=', slideId).execute()
}
