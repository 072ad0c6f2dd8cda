/** Look-ups in the ledger. */
import { unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpCall, HttpHandler } from '@coverslip/platform/module.ts'
import type { Lookup } from '@coverslip/proto/api/ledger.ts'
import { uuid } from '@coverslip/proto/api.ts'
import { record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { type Identity, identityOf } from '../ledger/identity.ts'
import { type Asked, decideLookup, findLookup, listLookups, requestLookup, stateOf } from '../ledger/lookup.ts'
import { mustBePerson } from '../ledger/person.ts'
import { findSubject, type LookupRow } from '../store.ts'
import { projectsOfCall } from './permission.ts'

const toAnswer = ({ config }: SubjectsDeps, row: LookupRow): Lookup => ({
  id: row.id,
  project: row.project,
  state: stateOf(row, config.LEDGER_LOOKUP_TTL),
  reason: row.reason,
  requestedBy: row.requested_by,
  requestedAt: row.requested_at.toISOString(),
  decidedBy: row.decided_by,
  decidedAt: row.decided_at?.toISOString() ?? null,
})

/** The look-up of the path, once the caller may know of it. @throws ServiceError `not-found` */
async function lookupOf({ db }: SubjectsDeps, call: HttpCall): Promise<LookupRow> {
  const { id } = call.params
  const lookup = uuid.safeParse(id).success ? await findLookup(db.query, id!) : undefined
  if (!lookup) throw unknownThing()
  call.allow({ project: lookup.project })
  return lookup
}

export const getLookups =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const lookups = await listLookups(deps.db.query, projectsOfCall(call), Number(call.query.limit))
    return { body: { lookups: lookups.map(row => toAnswer(deps, row)) } }
  }

export const postLookup =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const { project, reason, of: asked } = call.body as { project: string; reason: string; of: Asked }
    call.allow({ project })
    mustBePerson(call.principal, deps.site, deps.config.LEDGER_PERSON_AGE)
    const { userId: user, idp } = call.principal
    const lookup = await deps.db.transaction(trx =>
      requestLookup(trx, deps.root, { project, asked, reason, user, idp }),
    )
    return { body: toAnswer(deps, lookup) }
  }

export const postApproval =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const { id } = await lookupOf(deps, call)
    const { decision } = call.body as { decision: string }
    mustBePerson(call.principal, deps.site, deps.config.LEDGER_PERSON_AGE)
    const by = {
      id,
      approved: decision === 'approve',
      user: call.principal.userId,
      idp: call.principal.idp,
      showMs: deps.config.LEDGER_LOOKUP_TTL,
    }
    return { body: toAnswer(deps, await deps.db.transaction(trx => decideLookup(trx, deps.root, by))) }
  }

export const getLookup =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const lookup = await lookupOf(deps, call)
    const shown = toAnswer(deps, lookup)
    const isAsker = lookup.requested_by === call.principal.userId
    if (!isAsker || shown.state !== 'approved') return { body: { ...shown, answer: null } }
    // Whoever gave the asker's account a link must not read what two others agreed to.
    mustBePerson(call.principal, deps.site, deps.config.LEDGER_PERSON_AGE)
    return { body: { ...shown, answer: await look(deps, lookup) } }
  }

/** Nobody sees an answer without an entry that says so. */
function look({ db, root }: SubjectsDeps, lookup: LookupRow): Promise<Identity | null> {
  return db.transaction(async trx => {
    const subject = lookup.subject_id ? await findSubject(trx, lookup.subject_id) : undefined
    const answer = subject ? await identityOf(trx, root, subject) : null
    const what = { lookup: lookup.id, found: answer !== null }
    const { project, requested_by: actor } = lookup
    await record(trx, root, { actor, project, action: 'ledger.looked-up', what })
    return answer
  })
}
