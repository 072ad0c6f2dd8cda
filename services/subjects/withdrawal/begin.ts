/** A withdrawal begins: every slide of the subject is to be erased, everywhere. */
import { randomUUID } from 'node:crypto'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { holdsRegistrationNumber } from '../manifest/columns.ts'
import type { Keeper, SubjectRow, Trx, WithdrawalRow } from '../store.ts'
import { alone } from '../turn.ts'
import { finishIfErased } from './finish.ts'

/** Doing it again gives the withdrawal there is. @throws ServiceError `invalid` for a reason with a registration number */
export async function beginWithdrawal(
  deps: SubjectsDeps,
  { subject, reason, user }: { subject: SubjectRow; reason: string; user: string },
): Promise<WithdrawalRow> {
  if (holdsRegistrationNumber(reason)) throw new ServiceError('invalid', 'No registration number is stored')
  return deps.db.transaction(async trx => {
    await alone(trx, subject.project)
    const begun = await withdrawalOf(trx, subject.id)
    if (begun) return begun
    const { id, project, pseudonym } = subject
    const withdrawal = await trx
      .insertInto('withdrawals')
      .values({
        id: randomUUID(),
        subject_id: id,
        project,
        reason,
        requested_by: user,
        requested_at: new Date(),
        keepers: JSON.stringify(keepersOf(deps)),
        done_at: null,
        proof: null,
        proof_hash: null,
        audit_seq: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await trx.updateTable('subjects').set({ state: 'withdrawing' }).where('id', '=', id).execute()
    const slides = await eraseSlides(deps, trx, withdrawal)
    const what = { withdrawal: withdrawal.id, subject: pseudonym, slides }
    await record(trx, deps.root, { actor: user, project, action: 'withdrawal.requested', what, words: reason })
    return (await finishIfErased(trx, deps.root, withdrawal)) ?? withdrawal
  })
}

const withdrawalOf = (trx: Trx, subjectId: string): Promise<WithdrawalRow | undefined> =>
  trx.selectFrom('withdrawals').selectAll().where('subject_id', '=', subjectId).executeTakeFirst()

/** `tiles@cloud`; without a site it is this one. */
function keepersOf({ config, site }: SubjectsDeps): Keeper[] {
  return config.WITHDRAWAL_KEEPERS.map(name => {
    const [service, there] = name.split('@')
    return { service: service!, site: there ?? site }
  })
}

/** Slides deleted before are told of, too: whoever kept a receipt of that has it taken into the proof. */
async function eraseSlides(deps: SubjectsDeps, trx: Trx, withdrawal: WithdrawalRow): Promise<number> {
  const slides = await trx
    .selectFrom('slides')
    .select(['slide_id', 'release_name', 'research_number'])
    .where('subject_id', '=', withdrawal.subject_id)
    .forUpdate()
    .execute()
  for (const { slide_id: slideId, release_name, research_number } of slides) {
    const name = release_name ?? research_number
    await trx
      .insertInto('withdrawal_slides')
      .values({ withdrawal_id: withdrawal.id, slide_id: slideId, name })
      .execute()
    await deps.publish(trx, 'slides.deleted', { slideId, reason: 'withdrawn' })
  }
  await trx.updateTable('slides').set({ state: 'gone' }).where('subject_id', '=', withdrawal.subject_id).execute()
  return slides.length
}
