/** A withdrawal ends when every keeper has answered for every slide: then the subject's own entries go, and the proof stays. */
import { createHash } from 'node:crypto'
import { eraseWords } from '@coverslip/platform/audit/chain.ts'
import { record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { forgetName, forgetStatements } from '../ledger/forget.ts'
import { destroySubjectKey } from '../sealing/keyring.ts'
import type { RootKey } from '../sealing/root-key.ts'
import { NO_PSEUDONYMS, type Trx, UNKNOWN_MATERIAL, type WithdrawalRow } from '../store.ts'
import { gatherReceipts } from './proof.ts'

/** @returns the finished withdrawal; undefined while a receipt is missing, or when it was finished before */
export async function finishIfErased(
  trx: Trx,
  root: RootKey,
  withdrawal: WithdrawalRow,
): Promise<WithdrawalRow | undefined> {
  if (withdrawal.done_at) return undefined
  const done = { ...withdrawal, done_at: new Date() }
  const { proof: _, ...document } = await gatherReceipts(trx, done)
  if (document.slides.some(({ waitingFor }) => waitingFor.length > 0)) return undefined
  await forgetWithdrawn(trx, withdrawal.subject_id)
  await eraseWords(trx, root.audit, { thing: withdrawal.subject_id, project: withdrawal.project })
  const proof = JSON.stringify(document)
  const hash = createHash('sha256').update(proof).digest('hex')
  const what = { withdrawal: withdrawal.id, subject: document.subject, slides: document.slides.length, proof: hash }
  const { project } = withdrawal
  const { seq } = await record(trx, root, { actor: 'system', project, action: 'withdrawal.done', what })
  return trx
    .updateTable('withdrawals')
    .set({ done_at: done.done_at, proof, proof_hash: hash, audit_seq: seq })
    .where('id', '=', withdrawal.id)
    .returningAll()
    .executeTakeFirst()
}

/** Those whose last receipt came while they were being begun. */
export async function finishWithdrawals({ db, root }: SubjectsDeps): Promise<void> {
  const open = await db.query.selectFrom('withdrawals').select('id').where('done_at', 'is', null).execute()
  for (const { id } of open) {
    await db.transaction(async trx => {
      const withdrawal = await trx
        .selectFrom('withdrawals')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirstOrThrow()
      await finishIfErased(trx, root, withdrawal)
    })
  }
}

/**
 * Crypto-shreds the subject. What stays are keyed fingerprints of the subject and the files, so that material of the same
 * person that comes later is held.
 */
async function forgetWithdrawn(trx: Trx, subjectId: string): Promise<void> {
  await destroySubjectKey(trx, subjectId)
  await forgetStatements(trx, subjectId)
  await trx.deleteFrom('pieces').where('subject_id', '=', subjectId).execute()
  const nothing = { pseudonyms: JSON.stringify(NO_PSEUDONYMS), material: JSON.stringify(UNKNOWN_MATERIAL) }
  await keepFingerprints(trx, subjectId, nothing)
  await trx
    .updateTable('lines')
    .set({ ...nothing, sealed: null, digest: '' })
    .where('subject_id', '=', subjectId)
    .execute()
  const slides = await trx
    .updateTable('slides')
    .set({ ...nothing, release_name: null })
    .where('subject_id', '=', subjectId)
    .returning('slide_id')
    .execute()
  for (const { slide_id } of slides) await forgetName(trx, slide_id)
  // Why somebody was looked up may say who they are.
  await trx.updateTable('lookups').set({ reason: '' }).where('subject_id', '=', subjectId).execute()
  await trx.updateTable('subjects').set({ state: 'withdrawn' }).where('id', '=', subjectId).execute()
}

/** A file that no manifest named is known as the subject's from now on, too. */
async function keepFingerprints(
  trx: Trx,
  subjectId: string,
  nothing: { pseudonyms: string; material: string },
): Promise<void> {
  const files = await trx
    .selectFrom('slides')
    .select(['slide_id', 'project', 'name_fingerprint'])
    .where('subject_id', '=', subjectId)
    .where('name_fingerprint', 'is not', null)
    .execute()
  for (const { slide_id: id, project, name_fingerprint } of files) {
    const line = { id, project, subject_id: subjectId, file_fingerprint: name_fingerprint!, digest: '', sealed: null }
    await trx
      .insertInto('lines')
      .values({ ...line, ...nothing })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}
