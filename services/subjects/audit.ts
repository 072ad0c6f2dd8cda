/**
 * The audit: who did what to subjects, rules and the ledger. It only grows. Each entry's hash is keyed and covers the one
 * before it, so that neither a changed nor a missing entry goes unnoticed, even by somebody who can write to the database.
 */
import { sql } from 'kysely'
import { fingerprint, type RootKey } from './sealing/root-key.ts'
import type { AuditRow, Queries, Trx } from './store.ts'

export interface Act {
  /** The user's id; `system` for what happens by itself. */
  actor: string
  /** `*` for what concerns all projects. */
  project: string
  /** `ledger.looked-up` */
  action: string
  /** Pseudonyms, ids and counts; nothing that identifies a person. */
  what: Record<string, unknown>
}

const PAGE = 1000
const BEGINNING = ''

const hashOf = (root: RootKey, previous: string, row: Omit<AuditRow, 'hash'>): string =>
  fingerprint(
    root,
    'audit',
    previous,
    String(row.seq),
    row.at.toISOString(),
    row.actor,
    row.project,
    row.action,
    row.what,
  )

/** Adds an entry, in the transaction of what it tells of; call it last, since entries wait for each other. */
export async function record(trx: Trx, root: RootKey, act: Act): Promise<{ seq: number; hash: string }> {
  await sql`select pg_advisory_xact_lock(hashtext('coverslip subjects audit'))`.execute(trx)
  const last = await trx.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst()
  const { actor, project, action } = act
  const entry = { seq: (last?.seq ?? 0) + 1, at: new Date(), actor, project, action, what: JSON.stringify(act.what) }
  const hash = hashOf(root, last?.hash ?? BEGINNING, entry)
  await trx
    .insertInto('audit')
    .values({ ...entry, hash })
    .execute()
  return { seq: entry.seq, hash }
}

/** Entries after `seq`, oldest first; of some projects, at least one (`*`: all). */
export function readAudit(
  queries: Queries,
  { after, limit, projects }: { after: number; limit: number; projects: readonly string[] },
): Promise<AuditRow[]> {
  const select = queries.selectFrom('audit').selectAll().where('seq', '>', after).orderBy('seq').limit(limit)
  return (projects.includes('*') ? select : select.where('project', 'in', projects)).execute()
}

/** Follows the chain from its beginning. @returns the first entry that does not fit, if any, and how many there are */
export async function checkAudit(queries: Queries, root: RootKey): Promise<{ entries: number; broken: number | null }> {
  let [entries, previous] = [0, BEGINNING]
  for (;;) {
    const page = await readAudit(queries, { after: entries, limit: PAGE, projects: ['*'] })
    for (const row of page) {
      if (row.seq !== entries + 1 || row.hash !== hashOf(root, previous, row)) return { entries, broken: entries + 1 }
      entries = row.seq
      previous = row.hash
    }
    if (page.length < PAGE) return { entries, broken: null }
  }
}
