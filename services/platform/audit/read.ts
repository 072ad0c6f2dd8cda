/** Reading an audit, and following its chain. */
import { type AuditChain, BEGINNING, hashOf, keptWords, WORDS_ERASED } from './chain.ts'
import { type Queries, tablesOf } from './table.ts'

export interface AuditEntry {
  /** Counts from 1. */
  seq: number
  /** RFC 3339. */
  at: string
  actor: string
  project: string
  action: string
  thing: string | null
  what: Record<string, unknown>
  /** Null: there were none, or they were erased. */
  words: string | null
  hash: string
}

interface AuditFilter {
  /** The number of the last entry seen. */
  after?: number
  limit?: number
  /** At least one; `*` alone means all. */
  projects?: readonly string[]
  thing?: string
}

/** Oldest first. */
export async function readAudit<Tables>(queries: Queries<Tables>, filter: AuditFilter): Promise<AuditEntry[]> {
  return (await readRows(queries, filter)).map(({ seq, what, commitment: _, salt: __, ...entry }) => ({
    ...entry,
    seq: Number(seq),
    what: JSON.parse(what),
  }))
}

function readRows<Tables>(queries: Queries<Tables>, { after, limit, projects, thing }: AuditFilter) {
  let select = tablesOf(queries).selectFrom('audit_entries').selectAll().orderBy('seq')
  if (after !== undefined) select = select.where('seq', '>', after)
  if (projects && !(projects.length === 1 && projects[0] === '*')) select = select.where('project', 'in', projects)
  if (thing !== undefined) select = select.where('thing', '=', thing)
  return (limit === undefined ? select : select.limit(limit)).execute()
}

const PAGE = 1000

/**
 * Follows the chain from its beginning.
 * @returns how many entries there are, and the first that does not fit: changed, missing, or without words that nobody
 * erased
 */
export async function checkAudit<Tables>(
  queries: Queries<Tables>,
  chain: AuditChain,
): Promise<{ entries: number; broken: number | null }> {
  let [entries, previous] = [0, BEGINNING]
  const wordless = new Set<number>()
  for (;;) {
    const page = await readRows(queries, { after: entries, limit: PAGE })
    for (const row of page) {
      if (Number(row.seq) !== entries + 1 || row.hash !== hashOf(chain, previous, row) || !keptWords(chain, row))
        return { entries, broken: Math.min(entries + 1, ...wordless) }
      entries += 1
      previous = row.hash
      if (row.commitment !== null && row.words === null) wordless.add(entries)
      if (row.action === WORDS_ERASED) for (const seq of JSON.parse(row.what).entries) wordless.delete(seq)
    }
    if (page.length < PAGE) return { entries, broken: wordless.size > 0 ? Math.min(...wordless) : null }
  }
}
