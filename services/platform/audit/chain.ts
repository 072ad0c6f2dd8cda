/**
 * An audit: who did what. It only grows, and each entry's hash is keyed and covers the one before it, so that a changed or
 * a missing entry shows, even where somebody can write to the database. What people said in their own words is kept beside
 * the chain, which holds a commitment to it: the words can be erased, the fact that they were said stays, and so does the
 * chain.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import { type AuditRow, tablesOf } from './table.ts'

/** What a service makes its chain with. */
export interface AuditChain {
  service: string
  key: Buffer
}

export interface Act {
  /** The user's id, or who else acts: `system`. */
  actor: string
  /** `*` for what concerns all projects. */
  project: string
  /** `ledger.looked-up` */
  action: string
  /** What it is done to, by an id: its words are erased with it. */
  thing?: string | undefined
  /** Pseudonyms, ids and counts; nothing that identifies a person. */
  what?: Record<string, unknown> | undefined
  /** In the actor's own words, which may quote anything. */
  words?: string | undefined
}

const KEY_BYTES = 32
const SALT_BYTES = 16
export const BEGINNING = ''
export const WORDS_ERASED = 'audit.words-erased'

/** @param secret of the service; the chain gets a key of its own from it (RFC 5869) */
export const auditChain = (service: string, secret: Buffer): AuditChain => ({
  service,
  key: Buffer.from(hkdfSync('sha256', secret, '', `coverslip ${service} audit`, KEY_BYTES)),
})

const mac = ({ key }: AuditChain, ...parts: unknown[]): string =>
  createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url')

export const hashOf = (chain: AuditChain, previous: string, row: Omit<AuditRow, 'hash' | 'salt' | 'words'>): string => {
  const { seq, at, actor, project, action, thing, what, commitment } = row
  return mac(chain, 'entry', previous, Number(seq), at, actor, project, action, thing, what, commitment)
}

function committed(chain: AuditChain, words: string | undefined) {
  if (!words) return { commitment: null, salt: null, words: null }
  const salt = randomBytes(SALT_BYTES).toString('base64url')
  return { commitment: mac(chain, 'words', salt, words), salt, words }
}

/** Adds an entry, in the transaction of what it tells of; call it last, since entries wait for each other. */
export async function record<Tables>(
  trx: Transaction<Tables>,
  chain: AuditChain,
  act: Act,
): Promise<{ seq: number; hash: string }> {
  const { seq, hash } = await append(trx, chain, [{ ...act, at: new Date().toISOString() }])
  return { seq, hash }
}

/** Adds acts of then. @returns the last entry */
export async function append<Tables>(
  trx: Transaction<Tables>,
  chain: AuditChain,
  acts: readonly (Act & { at: string })[],
): Promise<{ seq: number; hash: string }> {
  await takeTurn(trx, chain)
  const newest = tablesOf(trx).selectFrom('audit_entries').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1)
  const last = await newest.executeTakeFirst()
  let [seq, hash] = [Number(last?.seq ?? 0), last?.hash ?? BEGINNING]
  const rows = acts.map(({ at, actor, project, action, thing, what, words }) => {
    seq += 1
    const said = committed(chain, words)
    const row = { seq, at, actor, project, action, thing: thing ?? null, what: JSON.stringify(what ?? {}), ...said }
    hash = hashOf(chain, hash, row)
    return { ...row, hash }
  })
  if (rows.length > 0) await tablesOf(trx).insertInto('audit_entries').values(rows).execute()
  return { seq, hash }
}

/** Until the transaction ends nobody else adds to the chain: it would fork. */
async function takeTurn<Tables>(trx: Transaction<Tables>, { service }: AuditChain): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('coverslip audit'), hashtext(${service}))`.execute(trx)
}

/**
 * Erases what was said of a thing in people's own words, and adds an entry that says so, without which the check would
 * take the words for lost.
 * @returns of how many entries
 */
export async function eraseWords<Tables>(
  trx: Transaction<Tables>,
  chain: AuditChain,
  { thing, project }: { thing: string; project: string },
): Promise<number> {
  await takeTurn(trx, chain)
  const erased = await tablesOf(trx)
    .updateTable('audit_entries')
    .set({ words: null, salt: null })
    .where('thing', '=', thing)
    .where('words', 'is not', null)
    .returning('seq')
    .execute()
  const entries = erased.map(({ seq }) => Number(seq)).sort((a, b) => a - b)
  const act = { actor: 'system', project, action: WORDS_ERASED, thing, what: { entries } }
  if (entries.length > 0) await record(trx, chain, act)
  return entries.length
}

/** Whether words are those that were said, or gone. */
export const keptWords = (chain: AuditChain, { commitment, salt, words }: AuditRow): boolean =>
  words === null || commitment === mac(chain, 'words', salt, words)
