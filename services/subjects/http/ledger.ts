/** The ledger's switch, keys and audit. */
import { readAudit } from '@coverslip/platform/audit/read.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import type { ledgerState } from '@coverslip/proto/api/ledger.ts'
import type { z } from 'zod'
import { checkAudit, record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import type { Caretaker } from '../ledger/caretaker.ts'
import { IMPOSSIBLE_WITHOUT_LEDGER, switchLedger } from '../ledger/switch.ts'
import { rotate } from '../sealing/rotation.ts'
import { projectsOfCall } from './permission.ts'

/** There is one ledger for all projects. */
const EVERYWHERE = { project: '*' }

export const getLedger =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    call.allow(EVERYWHERE)
    return { body: await describe(deps) }
  }

async function describe({ db, root }: SubjectsDeps): Promise<z.infer<typeof ledgerState>> {
  const { is_on, changed_by, changed_at } = await db.query.selectFrom('ledger').selectAll().executeTakeFirstOrThrow()
  const keys = await db.query
    .selectFrom('ledger_keys')
    .leftJoin('subject_keys', 'subject_keys.version', 'ledger_keys.version')
    .select(({ fn }) => [
      'ledger_keys.version',
      'ledger_keys.created_at',
      'ledger_keys.destroyed_at',
      fn.count<number>('subject_id').as('subjects'),
    ])
    .groupBy('ledger_keys.version')
    .orderBy('ledger_keys.version')
    .execute()
  return {
    on: is_on,
    changedBy: changed_by,
    changedAt: changed_at.toISOString(),
    impossibleWithout: IMPOSSIBLE_WITHOUT_LEDGER,
    keys: keys.map(({ version, created_at, destroyed_at, subjects }) => ({
      version,
      createdAt: created_at.toISOString(),
      destroyedAt: destroyed_at?.toISOString() ?? null,
      subjects: Number(subjects),
    })),
    audit: await checkAudit(db.query, root),
  }
}

/** Switching it off rotates the key as well: what an old backup of the database holds cannot be opened with the new one. */
export const putLedger =
  (deps: SubjectsDeps, caretaker: Caretaker): HttpHandler =>
  async call => {
    call.allow(EVERYWHERE)
    const { on, confirm } = call.body as { on: boolean; confirm?: string }
    const user = call.principal.userId
    await deps.db.transaction(async trx => {
      const { changed } = await switchLedger(trx, { on, confirmed: confirm !== undefined, user })
      if (!changed) return
      if (!on) await rotate(trx, deps.root)
      await record(trx, deps.root, { actor: user, ...EVERYWHERE, action: on ? 'ledger.on' : 'ledger.off', what: {} })
    })
    caretaker.wake()
    return { body: await describe(deps) }
  }

export const postKey =
  (deps: SubjectsDeps, caretaker: Caretaker): HttpHandler =>
  async call => {
    call.allow(EVERYWHERE)
    await deps.db.transaction(async trx => {
      const version = await rotate(trx, deps.root)
      const actor = call.principal.userId
      await record(trx, deps.root, { actor, ...EVERYWHERE, action: 'ledger.key-rotated', what: { version } })
    })
    caretaker.wake()
    return { body: await describe(deps) }
  }

export const getAudit =
  ({ db }: SubjectsDeps): HttpHandler =>
  async call => {
    const { after, limit, project } = call.query as { after: number; limit: number; project?: string }
    if (project) call.allow({ project })
    const projects = project ? [project] : projectsOfCall(call)
    const entries = await readAudit(db.query, { after, limit, projects })
    return { body: { entries: entries.map(({ thing: _, ...entry }) => entry) } }
  }
