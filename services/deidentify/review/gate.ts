/** The human gate of each project: on unless an owner, or the process' configuration, says otherwise. */
import type { Transaction } from 'kysely'
import type { DeidentifyDeps } from '../received.ts'
import type { Queries, Tables } from '../store.ts'
import { appendAudit } from './audit.ts'

export interface GateTable {
  project: string
  is_on: boolean
  reason: string
  who: string
  at: Date
}

export interface GateStanding {
  on: boolean
  setBy: 'default' | 'setting' | 'owner'
  reason: string | null
  who: string | null
  at: Date | null
}

/** The owner's word for a project counts more than the setting. */
export async function findGate(queries: Queries, project: string, setting: 'on' | 'off'): Promise<GateStanding> {
  const row = await queries.selectFrom('gates').selectAll().where('project', '=', project).executeTakeFirst()
  if (row) return { on: row.is_on, setBy: 'owner', reason: row.reason, who: row.who, at: row.at }
  const setBy = setting === 'off' ? ('setting' as const) : ('default' as const)
  return { on: setting === 'on', setBy, reason: null, who: null, at: null }
}

export async function saveGate(
  deps: Pick<DeidentifyDeps, 'config'>,
  trx: Transaction<Tables>,
  { project, on, reason, who }: { project: string; on: boolean; reason: string; who: string },
): Promise<void> {
  const row = { is_on: on, reason, who, at: new Date() }
  await trx
    .insertInto('gates')
    .values({ project, ...row })
    .onConflict(conflict => conflict.column('project').doUpdateSet(row))
    .execute()
  await appendAudit(deps, trx, { who, what: on ? 'gate-on' : 'gate-off', project, reason })
}

/** Puts into the audit that the setting switched every gate off, or no longer does; once per change. */
export async function recordSetting(deps: Pick<DeidentifyDeps, 'db' | 'config'>): Promise<void> {
  await deps.db.transaction(async trx => {
    const last = await trx
      .selectFrom('audit_entries')
      .select('action')
      .where('actor', '=', 'setting')
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst()
    const { REVIEW_GATE: setting } = deps.config
    const what = setting === 'off' ? 'gate-off' : 'gate-on'
    // Gates are on without a word: only a change back is one.
    if (what === (last?.action ?? 'gate-on')) return
    await appendAudit(deps, trx, { who: 'setting', what, project: '*', reason: `REVIEW_GATE=${setting}` })
  })
}
