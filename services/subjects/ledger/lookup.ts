/**
 * Looking somebody up: one person asks with a reason, another one agrees, and the first sees the answer for a short time.
 * Who was asked for, agreed and looked is audited.
 */
import { randomUUID } from 'node:crypto'
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import { record } from '../audit.ts'
import { readPseudonym } from '../code.ts'
import { holdsRegistrationNumber } from '../manifest/columns.ts'
import type { RootKey } from '../sealing/root-key.ts'
import { findSubject, type LookupRow, type Queries, type Trx } from '../store.ts'
import { subjectFingerprint } from '../subject.ts'
import { mustHaveSameWay } from './person.ts'
import { isLedgerOn } from './switch.ts'

/** By a pseudonym, a slide's id or release name, or, the other way round, by the name that the hospital knows. */
export type Asked = { pseudonym: string } | { slide: string } | { subject: string }

/** A request that nobody decided is void after so long. */
const OPEN_MS = 7 * 86_400_000

export type LookupState = 'waiting' | 'approved' | 'refused' | 'expired'

/** @param showMs how long an answer is shown after it was agreed to */
export function stateOf(
  { approved, decided_at, requested_at }: LookupRow,
  showMs: number,
  now = Date.now(),
): LookupState {
  if (approved === false) return 'refused'
  if (approved === null) return now - requested_at.getTime() < OPEN_MS ? 'waiting' : 'expired'
  return now - decided_at!.getTime() < showMs ? 'approved' : 'expired'
}

/** @throws ServiceError `conflict` while the ledger is off, `invalid` for a reason with a registration number */
export async function requestLookup(
  trx: Trx,
  root: RootKey,
  {
    project,
    asked,
    reason,
    user,
    idp,
  }: { project: string; asked: Asked; reason: string; user: string; idp?: string | undefined },
): Promise<LookupRow> {
  if (!(await isLedgerOn(trx))) throw new ServiceError('conflict', 'The ledger is off: there is nothing to look up')
  if (holdsRegistrationNumber(reason)) throw new ServiceError('invalid', 'No registration number is stored')
  const found = await findAsked(trx, root, project, asked)
  // Whether somebody of this name is known here is part of the answer.
  if (!found && !('subject' in asked)) throw unknownThing()
  const lookup = await trx
    .insertInto('lookups')
    .values({
      id: randomUUID(),
      project,
      subject_id: found?.id ?? null,
      reason,
      requested_by: user,
      requested_idp: idp ?? null,
      requested_at: new Date(),
      decided_by: null,
      decided_at: null,
      approved: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const what = { lookup: lookup.id, by: Object.keys(asked)[0], subject: found?.pseudonym ?? null }
  const act = { actor: user, project, action: 'ledger.lookup-requested', what }
  await record(trx, root, { ...act, thing: found?.id, words: reason })
  return lookup
}

async function findAsked(trx: Trx, root: RootKey, project: string, asked: Asked) {
  const subjects = trx.selectFrom('subjects').selectAll().where('project', '=', project)
  if ('pseudonym' in asked) {
    return subjects.where('pseudonym', '=', readPseudonym(asked.pseudonym) ?? '').executeTakeFirst()
  }
  if ('subject' in asked) {
    return subjects.where('fingerprint', '=', subjectFingerprint(root, project, asked.subject)).executeTakeFirst()
  }
  const slide = await trx
    .selectFrom('slides')
    .select('subject_id')
    .where('project', '=', project)
    .where(({ eb, or, cast }) =>
      or([eb(cast<string>('slide_id', 'text'), '=', asked.slide.toLowerCase()), eb('release_name', '=', asked.slide)]),
    )
    .executeTakeFirst()
  return slide?.subject_id ? findSubject(trx, slide.subject_id) : undefined
}

/** @throws ServiceError `forbidden` for whoever asked, or agrees but signed in another way, `conflict` when it was decided, or void, before */
export async function decideLookup(
  trx: Trx,
  root: RootKey,
  {
    id,
    approved,
    user,
    idp,
    showMs,
  }: { id: string; approved: boolean; user: string; idp?: string | undefined; showMs: number },
): Promise<LookupRow> {
  const lookup = await trx
    .selectFrom('lookups')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirstOrThrow(() => unknownThing())
  if (lookup.requested_by === user) throw new ServiceError('forbidden', 'Somebody else has to agree to a look-up')
  if (approved) mustHaveSameWay(lookup.requested_idp, idp)
  if (stateOf(lookup, showMs) !== 'waiting')
    throw new ServiceError('conflict', 'This look-up was decided before, or is void')
  const decided = await trx
    .updateTable('lookups')
    .set({ approved, decided_by: user, decided_at: new Date() })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  const action = approved ? 'ledger.lookup-approved' : 'ledger.lookup-refused'
  await record(trx, root, { actor: user, project: lookup.project, action, what: { lookup: id } })
  return decided
}

export const findLookup = (queries: Queries, id: string): Promise<LookupRow | undefined> =>
  queries.selectFrom('lookups').selectAll().where('id', '=', id).executeTakeFirst()

/** Newest first; of some projects, at least one (`*`: all). */
export function listLookups(queries: Queries, projects: readonly string[], limit: number): Promise<LookupRow[]> {
  const select = queries.selectFrom('lookups').selectAll().orderBy('requested_at', 'desc').orderBy('id').limit(limit)
  return (projects.includes('*') ? select : select.where('project', 'in', projects)).execute()
}
