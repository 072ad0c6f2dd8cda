/** The ledger (who is behind a pseudonym) and withdrawals of consent: on-prem only. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'
import { oneProject, paging, projectName, text, uuid } from './schemas.ts'

const lookup = z.object({
  id: uuid,
  project: z.string(),
  state: z.enum(['waiting', 'approved', 'refused', 'expired']),
  reason: z.string(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable(),
})
export type Lookup = z.infer<typeof lookup>

/** What a look-up shows. */
export const identity = z.object({
  id: uuid,
  pseudonym: z.string(),
  /** As the hospital knows the subject. */
  names: z.array(z.string()),
  slides: z.array(
    z.object({
      id: uuid,
      name: z.string().nullable(),
      file: z.string().nullable(),
      case: z.string().nullable(),
      specimen: z.string().nullable(),
      block: z.string().nullable(),
      glass: z.string().nullable(),
      collected: z.string().nullable(),
    }),
  ),
})

export const ledgerState = z.object({
  on: z.boolean(),
  changedBy: z.string(),
  changedAt: z.string(),
  /** What is not possible while it is off. */
  impossibleWithout: z.array(z.string()),
  /** Versions of the key, and how many subjects' keys each wraps. */
  keys: z.array(
    z.object({
      version: z.number(),
      createdAt: z.string(),
      destroyedAt: z.string().nullable(),
      subjects: z.number(),
    }),
  ),
  /** `broken`: the first entry that was changed or taken out; null: the chain is whole. */
  audit: z.object({ entries: z.number(), broken: z.number().nullable() }),
})

const reason = text(500)

export const withdrawal = z.object({
  id: uuid,
  project: z.string(),
  subject: z.string(),
  state: z.enum(['erasing', 'done']),
  reason: z.string(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  doneAt: z.string().nullable(),
  /** From the request to the last receipt. */
  seconds: z.number().nullable(),
  /** Who has to answer for each slide: `tiles@cloud`. */
  keepers: z.array(z.string()),
  slides: z.array(
    z.object({
      id: uuid,
      name: z.string().nullable(),
      waitingFor: z.array(z.string()),
      erased: z.array(
        z.object({ keeper: z.string(), objects: z.number(), rows: z.number(), bytes: z.number(), at: z.string() }),
      ),
    }),
  ),
  /** Copies that people had taken before: they are to be asked to delete them. */
  downloads: z.array(
    z.object({ slide: uuid, name: z.string().nullable(), user: z.string(), what: z.string(), at: z.string() }),
  ),
  /**
   * What is held when it comes later: whatever a manifest names the subject for, and files that came before. Less where the
   * ledger is off, which has forgotten them. Absent in proofs of before.
   */
  heldLater: z.object({ subject: z.boolean(), files: z.number() }).optional(),
  /** Where the proof stands in the audit: the hash of this document without this part, and the number of the entry. */
  proof: z.object({ hash: z.string(), auditEntry: z.number() }).nullable(),
})
export type Withdrawal = z.infer<typeof withdrawal>

/** A withdrawal as lists show it. */
const withdrawalSummary = withdrawal
  .pick({ id: true, project: true, subject: true, state: true, requestedBy: true, requestedAt: true, doneAt: true })
  .extend({ slides: z.number() })
export type WithdrawalSummary = z.infer<typeof withdrawalSummary>

export const ledgerRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/api/ledger',
    module: 'subjects',
    access: 'ledger.lookup',
    summary: 'Whether the ledger is kept, its keys, and whether its audit is whole',
    answer: ledgerState,
  },
  {
    method: 'PUT',
    path: '/api/ledger',
    module: 'subjects',
    access: 'rules.write',
    summary: 'Switch the ledger on or off; off forgets who released slides are of, for good',
    body: z.strictObject({ on: z.boolean(), confirm: z.literal('forget').optional() }),
    answer: ledgerState,
  },
  {
    method: 'POST',
    path: '/api/ledger/keys',
    module: 'subjects',
    access: 'rules.write',
    summary: "Rotate the ledger's key; the old one is destroyed when nothing is wrapped with it any more",
    status: 202,
    answer: ledgerState,
  },
  {
    method: 'GET',
    path: '/api/ledger/audit',
    module: 'subjects',
    access: 'audit.read',
    summary: 'The audit of subjects, rules and the ledger, oldest first',
    query: z.object({
      after: z.coerce.number().int().min(0).default(0),
      limit: paging.limit,
      project: projectName.optional(),
    }),
    answer: z.object({
      entries: z.array(
        z.object({
          seq: z.number(),
          at: z.string(),
          actor: z.string(),
          project: z.string(),
          action: z.string(),
          what: z.record(z.string(), z.unknown()),
          /** The actor's own words; null: there were none, or a withdrawal erased them. */
          words: z.string().nullable(),
          hash: z.string(),
        }),
      ),
    }),
  },
  {
    method: 'GET',
    path: '/api/ledger/lookups',
    module: 'subjects',
    access: 'ledger.lookup',
    summary: 'Look-ups, newest first',
    query: z.object({ limit: paging.limit }),
    answer: z.object({ lookups: z.array(lookup) }),
  },
  {
    method: 'POST',
    path: '/api/ledger/lookups',
    module: 'subjects',
    access: 'ledger.lookup',
    summary: 'Ask who is behind a pseudonym or slide, or which pseudonym somebody has; another person has to agree',
    body: z.strictObject({
      project: oneProject.default('default'),
      reason,
      of: z.union([
        z.strictObject({ pseudonym: z.string().max(20) }),
        z.strictObject({ slide: z.string().max(200) }),
        z.strictObject({ subject: z.string().min(1).max(200) }),
      ]),
    }),
    status: 201,
    answer: lookup,
  },
  {
    method: 'POST',
    path: '/api/ledger/lookups/{id}/approval',
    module: 'subjects',
    access: 'ledger.lookup',
    summary: "Agree to somebody else's look-up, or refuse it",
    body: z.strictObject({ decision: z.enum(['approve', 'refuse']) }),
    answer: lookup,
  },
  {
    method: 'GET',
    path: '/api/ledger/lookups/{id}',
    module: 'subjects',
    access: 'ledger.lookup',
    summary: 'A look-up; whoever asked sees the answer for a short time after somebody agreed',
    answer: lookup.extend({ answer: identity.nullable() }),
  },
  {
    method: 'POST',
    path: '/api/subjects/{subject}/withdrawal',
    module: 'subjects',
    access: 'subject.withdraw',
    summary: 'Withdraw consent: every slide, copy, annotation and entry of the subject is erased',
    body: z.strictObject({ reason }),
    status: 202,
    answer: withdrawal,
  },
  {
    method: 'GET',
    path: '/api/withdrawals',
    module: 'subjects',
    access: 'subject.withdraw',
    summary: 'Withdrawals, newest first',
    query: z.object({ ...paging, project: projectName.optional(), subject: uuid.optional() }),
    answer: z.object({ withdrawals: z.array(withdrawalSummary), nextCursor: z.string().nullable() }),
  },
  {
    method: 'GET',
    path: '/api/withdrawals/{id}',
    module: 'subjects',
    access: 'subject.withdraw',
    summary: 'How far a withdrawal is; when it is done, the proof',
    answer: withdrawal,
  },
]
