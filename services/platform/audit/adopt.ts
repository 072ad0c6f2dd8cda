/** An audit that was kept in another way goes on as this one. */
import { sql, type Transaction } from 'kysely'
import { type Act, type AuditChain, append, record } from './chain.ts'

const PAGE = 1000

/** An audit as a service kept it before, in its table `audit`. */
export interface FormerAudit<Row> {
  /** What its writers took turns by. */
  lock: string
  /** Whether an entry follows on the one before it. */
  fits(row: Row, previous: Row | undefined): boolean
  toAct(row: Row): Act & { at: string }
}

/**
 * Takes a former audit into the chain, once; an entry says how many there were and from which on they did not fit. Run at
 * each start: processes of the version before may have added to it.
 */
export async function adoptAudit<Tables, Row extends { seq: string | number | bigint }>(
  trx: Transaction<Tables>,
  chain: AuditChain,
  former: FormerAudit<Row>,
): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtext(${former.lock}))`.execute(trx)
  const table = trx as unknown as Transaction<{ audit: { seq: number } }>
  let [entries, broken]: [number, number | null] = [0, null]
  for (let previous: Row | undefined; ; ) {
    const select = table.selectFrom('audit').selectAll().orderBy('seq').limit(PAGE)
    const page = (await select.execute()) as unknown as Row[]
    for (const row of page) {
      if (broken === null && !former.fits(row, previous)) broken = Number(row.seq)
      previous = row
    }
    if (page.length === 0) break
    await append(trx, chain, page.map(former.toAct))
    await table.deleteFrom('audit').where('seq', '<=', Number(previous!.seq)).execute()
    entries += page.length
  }
  const act = { actor: 'system', project: '*', action: 'audit.adopted', what: { entries, broken } }
  if (entries > 0) await record(trx, chain, act)
  return entries
}
