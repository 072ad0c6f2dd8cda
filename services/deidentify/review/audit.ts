/** Who did what to a slide, a gate or a nomenclature. */
import { createHash } from 'node:crypto'
import { adoptAudit, type FormerAudit } from '@coverslip/platform/audit/adopt.ts'
import { type AuditChain, auditChain, eraseWords, record } from '@coverslip/platform/audit/chain.ts'
import { checkAudit, type AuditEntry as Entry, readAudit } from '@coverslip/platform/audit/read.ts'
import type { Transaction } from 'kysely'
import type { DeidentifyDeps } from '../received.ts'
import { reportKeysOf } from '../report/signature.ts'
import type { Queries, Tables } from '../store.ts'

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
  /** In the person's own words; shown to reviewers only, and erased with the slide. */
  reason?: string
}

/** An entry as it is shown. */
interface ShownEntry {
  seq: number
  at: string
  who: string
  what: string
  slideId: string | null
  revision: number | null
  reason: string | null
}

type Keyed = Pick<DeidentifyDeps, 'config'>

/** Chained with the key that this site alone has. */
const chainOf = async ({ config }: Keyed): Promise<AuditChain> =>
  auditChain('deidentify', (await reportKeysOf(config)).input)

/** Appends an entry, in the transaction of what it tells of; call it last. */
export async function appendAudit(deps: Keyed, trx: Transaction<Tables>, entry: AuditEntry): Promise<void> {
  const { who: actor, what: action, project, slideId: thing, revision, reason: words } = entry
  const what = revision === undefined ? {} : { revision }
  await record(trx, await chainOf(deps), { actor, action, project, thing, what, words })
}

/** What people wrote of a slide goes; that they did what they did, and when, stays. */
export async function eraseReasons(
  deps: Keyed,
  trx: Transaction<Tables>,
  slide: { slideId: string; project: string },
): Promise<void> {
  await eraseWords(trx, await chainOf(deps), { thing: slide.slideId, project: slide.project })
}

const toShown = ({ seq, at, actor, action, thing, what, words }: Entry): ShownEntry => ({
  seq,
  at,
  who: actor,
  what: action,
  slideId: thing,
  revision: typeof what.revision === 'number' ? what.revision : null,
  reason: words,
})

export const historyOf = async (queries: Queries, slideId: string): Promise<ShownEntry[]> =>
  (await readAudit(queries, { thing: slideId })).map(toShown)

/**
 * Entries of a project and those of every project, oldest first.
 * @param after the number of the last entry seen
 */
export async function listAudit(
  queries: Queries,
  { project, after, limit }: { project: string; after: number; limit: number },
): Promise<{ rows: ShownEntry[]; last: number | null }> {
  const rows = await readAudit(queries, { projects: [project, '*'], after, limit: limit + 1 })
  const page = rows.slice(0, limit).map(toShown)
  return { rows: page, last: rows.length > limit ? (page.at(-1)?.seq ?? null) : null }
}

/** The number of the first entry that does not fit the chain; null for a whole one. */
export const firstBrokenEntry = async (deps: Keyed & Pick<DeidentifyDeps, 'db'>): Promise<number | null> =>
  (await checkAudit(deps.db.query, await chainOf(deps))).broken

interface FormerRow {
  seq: string | number | bigint
  at: string
  who: string
  what: string
  project: string
  slide_id: string | null
  revision: number | null
  reason: string | null
  previous: string
  hash: string
}

const START = '0'.repeat(64)

/** @param isGone whether a slide was deleted: what was said of it is not taken along */
const former = (isGone: (slideId: string | null) => boolean): FormerAudit<FormerRow> => ({
  lock: 'deidentify.audit',
  fits({ seq, previous, at, who, what, project, slide_id, revision, reason, hash }, before) {
    const canonical = JSON.stringify([previous, at, who, what, project, slide_id, revision, reason])
    const follows = Number(seq) === Number(before?.seq ?? 0) + 1 && previous === (before?.hash ?? START)
    return follows && hash === createHash('sha256').update(canonical).digest('hex')
  },
  toAct: ({ at, who: actor, what: action, project, slide_id, revision, reason }) => ({
    ...{ at, actor, action, project, thing: slide_id ?? undefined },
    what: revision === null ? {} : { revision },
    words: isGone(slide_id) ? undefined : (reason ?? undefined),
  }),
})

/** Takes over what was kept as a chain of plain SHA-256 hashes. @returns how many entries */
export async function adoptFormerAudit(deps: Keyed & Pick<DeidentifyDeps, 'db'>): Promise<number> {
  const chain = await chainOf(deps)
  return deps.db.transaction(async trx => {
    const gone = await trx.selectFrom('slides').select('slide_id').where('state', '=', 'deleted').execute()
    const ids = new Set(gone.map(({ slide_id }) => slide_id))
    return adoptAudit(
      trx,
      chain,
      former(slideId => slideId !== null && ids.has(slideId)),
    )
  })
}
