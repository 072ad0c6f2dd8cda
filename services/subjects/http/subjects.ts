/** Subjects by their pseudonyms: the list, one of them, and what people state of them. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall, HttpHandler } from '@coverslip/platform/module.ts'
import { attestation, type Consent } from '@coverslip/proto/api/selection-rules.ts'
import { record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { describeSubject, listSubjects } from '../listing.ts'
import { saveAttestation, saveConsent } from '../rules/statements.ts'
import { subjectKey } from '../sealing/keyring.ts'
import { findSubject, type Trx } from '../store.ts'
import { beside } from '../turn.ts'
import { projectsOfCall, subjectOfCall } from './permission.ts'

export const getSubjects =
  ({ db }: SubjectsDeps): HttpHandler =>
  async call => {
    const { limit, cursor, project, pseudonym } = call.query as Record<string, string> & { limit: number }
    const only = call.query.only as 'held' | undefined
    if (project) call.allow({ project })
    const projects = project ? [project] : projectsOfCall(call)
    return { body: await listSubjects(db.query, { projects, limit, cursor, pseudonym, only }) }
  }

export const getSubject =
  (deps: SubjectsDeps): HttpHandler =>
  async call => ({ body: await describeSubject(deps.db.query, deps.root, await subjectOfCall(deps, call)) })

/** Saves what is stated, tells ingest, and audits it without its content. @throws ServiceError `conflict` */
async function state(
  deps: SubjectsDeps,
  call: HttpCall,
  {
    action,
    what,
    save,
  }: { action: string; what: object; save: (trx: Trx, key: Buffer, user: string) => Promise<void> },
): Promise<void> {
  const { id, project, pseudonym } = await subjectOfCall(deps, call)
  const actor = call.principal.userId
  await deps.db.transaction(async trx => {
    await beside(trx, project)
    const subject = await findSubject(trx, id)
    const key = await subjectKey(trx, deps.root, id)
    if (subject?.state !== 'active' || !key) {
      throw new ServiceError('conflict', 'Nothing can be stated of a subject who has withdrawn or was forgotten')
    }
    await save(trx, key, actor)
    await deps.publish(trx, 'subjects.changed', { project })
    await record(trx, deps.root, { actor, project, action, what: { subject: pseudonym, ...what } })
  })
}

export const putConsent =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const subjectId = call.params.subject!
    const consent = call.body as Consent
    const save = (trx: Trx, key: Buffer, user: string) => saveConsent(trx, key, { subjectId, consent, user })
    await state(deps, call, { action: 'consent.recorded', what: {}, save })
    return { status: 204 }
  }

export const putAttestation =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const subjectId = call.params.subject!
    const { kind } = call.params
    const read = attestation.safeParse({ ...(call.body as object), kind })
    if (!read.success) {
      // Whoever may not know of the subject is not told what is wrong with the body.
      await subjectOfCall(deps, call)
      throw new ServiceError('invalid', 'This kind of attestation does not say this', {
        details: read.error.issues.map(({ message }) => message),
      })
    }
    const save = (trx: Trx, key: Buffer, user: string) =>
      saveAttestation(trx, key, { subjectId, attestation: read.data, user })
    await state(deps, call, { action: 'attestation.made', what: { kind }, save })
    return { status: 204 }
  }
