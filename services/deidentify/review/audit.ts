/** Who did what to a slide, a gate or a nomenclature: a chain of hashes, so that a changed or missing entry shows. */
import { createHash } from 'node:crypto'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Tables } from '../store.ts'

export interface AuditEntry {
  /** The user's id; `setting` for the process' configuration. */
  who: string
  what:
    | 'review-wanted'
    | 'approved'
    | 'rejected'
    | 'redaction-asked'
    | 'redacted'
    | 'released-without-review'
    | 'gate-on'
    | 'gate-off'
    | 'nomenclature-set'
    | 'slot-amended'
  /** `*`: every project. */
  project: string
  slideId?: string
  revision?: number
  /** In the person's own words; kept here and shown to reviewers only. */
  reason?: string
}

interface AuditRow {
  /** RFC 3339, as it is hashed. */
  at: string
  who: string
  what: AuditEntry['what']
  project: string
  slide_id: string | null
  revision: number | null
  reason: string | null
  /** The hash of the entry before; zeros for the first. */
  previous: string
  hash: string
}
export interface AuditTable extends AuditRow {
  seq: string | number | bigint
}

const START = '0'.repeat(64)

/** SHA-256 over the entry and the hash of the one before. */
function hashOf({ at, who, what, project, slide_id, revision, reason, previous }: Omit<AuditRow, 'hash'>): string {
  const canonical = JSON.stringify([previous, at, who, what, project, slide_id, revision, reason])
  return createHash('sha256').update(canonical).digest('hex')
}

/** Appends an entry; entries of other transactions wait, so that the chain does not fork. */
export async function appendAudit(trx: Transaction<Tables>, entry: AuditEntry): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('deidentify.audit'))`.execute(trx)
  const last = await trx.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst()
  const row = {
    at: new Date().toISOString(),
    who: entry.who,
    what: entry.what,
    project: entry.project,
    slide_id: entry.slideId ?? null,
    revision: entry.revision ?? null,
    reason: entry.reason ?? null,
    previous: last?.hash ?? START,
  }
  const seq = Number(last?.seq ?? 0) + 1
  await trx
    .insertInto('audit')
    .values({ seq, ...row, hash: hashOf(row) })
    .execute()
}

export const historyOf = (queries: Kysely<Tables>, slideId: string): Promise<AuditTable[]> =>
  queries.selectFrom('audit').selectAll().where('slide_id', '=', slideId).orderBy('seq').execute()

/**
 * Entries of a project and those of every project, oldest first.
 * @param after the number of the last entry seen
 */
export async function listAudit(
  queries: Kysely<Tables>,
  { project, after, limit }: { project: string; after: number; limit: number },
): Promise<{ rows: AuditTable[]; last: number | null }> {
  const rows = await queries
    .selectFrom('audit')
    .selectAll()
    .where('project', 'in', [project, '*'])
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  return { rows: page, last: rows.length > limit ? Number(page.at(-1)?.seq) : null }
}

/** Entries that are checked at once. */
const PAGE = 1000

/** The number of the first entry that does not fit the chain; null for a whole one. */
export async function firstBrokenEntry(queries: Kysely<Tables>): Promise<number | null> {
  let previous = START
  for (let expected = 1; ; ) {
    const rows = await queries
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>=', expected)
      .orderBy('seq')
      .limit(PAGE)
      .execute()
    for (const row of rows) {
      if (Number(row.seq) !== expected || row.previous !== previous || row.hash !== hashOf(row)) return expected
      previous = row.hash
      expected += 1
    }
    if (rows.length < PAGE) return null
  }
}
