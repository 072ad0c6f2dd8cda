/** Whom a call may be about. */
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpCall } from '@coverslip/platform/module.ts'
import { uuid } from '@coverslip/proto/api.ts'
import type { SubjectsDeps } from '../deps.ts'
import { findSubject, type SubjectRow } from '../store.ts'

/** The projects of a list that not everybody may see. @throws ServiceError `forbidden` when there is none */
export function projectsOfCall(call: HttpCall): string[] {
  const projects = call.projects()
  if (projects.length === 0) throw new ServiceError('forbidden', 'Your role does not allow this')
  return projects
}

/** The one project of the path. @throws ServiceError `not-found`, `forbidden`; `invalid` for all projects at once */
export function projectOfCall(call: HttpCall): string {
  const project = call.params.project!
  call.allow({ project })
  if (project === '*') throw new ServiceError('invalid', 'Name one project')
  return project
}

/** The subject of the path, once the caller may know of it. @throws ServiceError `not-found` */
export async function subjectOfCall({ db }: SubjectsDeps, call: HttpCall): Promise<SubjectRow> {
  const id = call.params.subject
  // Not a UUID: asking the database would be an error there.
  const subject = uuid.safeParse(id).success ? await findSubject(db.query, id!) : undefined
  if (!subject) throw unknownThing()
  call.allow({ project: subject.project })
  return subject
}
