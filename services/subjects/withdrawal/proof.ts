/** How far a withdrawal is; when all have answered, the proof of deletion. */
import type { Withdrawal } from '@coverslip/proto/api/ledger.ts'
import { findSubject, type Keeper, type Queries, type ReceiptRow, type WithdrawalRow } from '../store.ts'

const nameOf = ({ service, site }: Keeper): string => `${service}@${site}`

/** The proof as it was closed, or how far it is. */
export async function describeWithdrawal(queries: Queries, withdrawal: WithdrawalRow): Promise<Withdrawal> {
  const { proof, proof_hash: hash, audit_seq } = withdrawal
  if (proof === null || hash === null) return gatherReceipts(queries, withdrawal)
  return { ...(JSON.parse(proof) as Omit<Withdrawal, 'proof'>), proof: { hash, auditEntry: audit_seq! } }
}

export async function gatherReceipts(queries: Queries, withdrawal: WithdrawalRow): Promise<Withdrawal> {
  const { id, project, reason, requested_by, requested_at, done_at } = withdrawal
  const subject = await findSubject(queries, withdrawal.subject_id)
  const slides = await queries
    .selectFrom('withdrawal_slides')
    .selectAll()
    .where('withdrawal_id', '=', id)
    .orderBy('slide_id')
    .execute()
  const receipts = await queries
    .selectFrom('receipts')
    .innerJoin('withdrawal_slides', 'withdrawal_slides.slide_id', 'receipts.slide_id')
    .selectAll('receipts')
    .where('withdrawal_id', '=', id)
    .orderBy('receipts.service')
    .orderBy('receipts.site')
    .execute()
  const of = Map.groupBy(receipts, receipt => receipt.slide_id)
  return {
    id,
    project,
    subject: subject?.pseudonym ?? '',
    state: done_at ? 'done' : 'erasing',
    reason,
    requestedBy: requested_by,
    requestedAt: requested_at.toISOString(),
    doneAt: done_at?.toISOString() ?? null,
    seconds: done_at ? (done_at.getTime() - requested_at.getTime()) / 1000 : null,
    keepers: withdrawal.keepers.map(nameOf),
    slides: slides.map(({ slide_id, name }) => ({
      id: slide_id,
      name,
      ...answersFor(of.get(slide_id) ?? [], withdrawal.keepers),
    })),
    downloads: slides.flatMap(({ slide_id, name }) => copiesOf(slide_id, name, of.get(slide_id) ?? [])),
    heldLater: await heldLater(queries, withdrawal.subject_id, subject?.fingerprint ?? null),
    proof: null,
  }
}

/** By the keyed fingerprints that are kept of the subject and of their files. */
async function heldLater(queries: Queries, subjectId: string, fingerprint: string | null) {
  const lines = queries.selectFrom('lines').select('file_fingerprint').where('subject_id', '=', subjectId)
  const slides = queries
    .selectFrom('slides')
    .select('name_fingerprint as file_fingerprint')
    .where('subject_id', '=', subjectId)
    .where('name_fingerprint', 'is not', null)
  const files = await lines.union(slides.$castTo<{ file_fingerprint: string }>()).execute()
  return { subject: fingerprint !== null, files: files.length }
}

function answersFor(receipts: readonly ReceiptRow[], keepers: readonly Keeper[]) {
  const answered = new Set(receipts.map(nameOf))
  return {
    waitingFor: keepers.map(nameOf).filter(keeper => !answered.has(keeper)),
    erased: receipts.map(receipt => ({
      keeper: nameOf(receipt),
      objects: Number(receipt.objects),
      rows: Number(receipt.rows),
      bytes: Number(receipt.bytes),
      at: receipt.at.toISOString(),
    })),
  }
}

const copiesOf = (slide: string, name: string | null, receipts: readonly ReceiptRow[]): Withdrawal['downloads'] =>
  receipts.flatMap(({ downloads }) =>
    downloads.map(({ userId, what, at }) => ({ slide, name, user: userId, what, at })),
  )
