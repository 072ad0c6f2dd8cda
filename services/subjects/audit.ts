/** The audit of subjects, rules and the ledger, and how it was chained before. */
import { adoptAudit, type FormerAudit } from '@coverslip/platform/audit/adopt.ts'
import { type Act, record as recordIn } from '@coverslip/platform/audit/chain.ts'
import { checkAudit as checkChain } from '@coverslip/platform/audit/read.ts'
import type { SubjectsDeps } from './deps.ts'
import { fingerprint, type RootKey } from './sealing/root-key.ts'
import type { Queries, Trx } from './store.ts'

/** Adds an entry, in the transaction of what it tells of; call it last, since entries wait for each other. */
export const record = (trx: Trx, { audit }: RootKey, act: Act): Promise<{ seq: number; hash: string }> =>
  recordIn(trx, audit, act)

/** @returns the first entry that does not fit, if any, and how many there are */
export const checkAudit = (queries: Queries, { audit }: RootKey): Promise<{ entries: number; broken: number | null }> =>
  checkChain(queries, audit)

interface FormerRow {
  seq: number
  at: Date
  actor: string
  project: string
  action: string
  /** JSON, as text: the hash is of its characters. Reasons stand in it. */
  what: string
  hash: string
}

/** @param thingOf what an entry of then was of, as entries of today say it */
const former = (
  root: RootKey,
  thingOf: (what: Record<string, unknown>) => string | undefined,
): FormerAudit<FormerRow> => ({
  lock: 'coverslip subjects audit',
  fits({ seq, at, actor, project, action, what, hash }, previous) {
    const parts = [previous?.hash ?? '', String(seq), at.toISOString(), actor, project, action, what]
    return seq === (previous?.seq ?? 0) + 1 && hash === fingerprint(root, 'audit', ...parts)
  },
  toAct({ at, what, actor, project, action }) {
    const { reason, ...rest } = JSON.parse(what) as Record<string, unknown>
    const words = typeof reason === 'string' ? reason : undefined
    return { at: at.toISOString(), actor, project, action, what: rest, words, thing: thingOf(rest) }
  },
})

/** Look-ups of a subject are found by the subject, whose withdrawal erases their reasons. */
export function adoptFormerAudit({ db, root }: Pick<SubjectsDeps, 'db' | 'root'>): Promise<number> {
  return db.transaction(async trx => {
    const lookups = await trx.selectFrom('lookups').select(['id', 'subject_id']).execute()
    const subjects = new Map(lookups.map(({ id, subject_id }) => [id, subject_id ?? undefined]))
    return adoptAudit(
      trx,
      root.audit,
      former(root, ({ lookup }) => subjects.get(String(lookup))),
    )
  })
}
