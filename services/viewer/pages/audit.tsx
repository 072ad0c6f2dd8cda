import { GateAudit } from '../audit/gate-audit.tsx'
import { SubjectsAudit } from '../audit/subjects-audit.tsx'
import { mayRule } from '../rights.ts'
import type { InProject } from './project.tsx'

/** Who did what in a project: chained, so that nothing is changed or taken out unseen. */
export function AuditPage({ project, user, nameOf }: InProject) {
  return (
    <>
      <h1>Audit</h1>
      <p class="lead">
        Each entry is sealed to the one before it. Entries hold pseudonyms and ids, and the reasons that people gave; a
        withdrawal erases reasons, and the chain stays whole.
      </p>
      {mayRule(user, project) ? (
        <>
          <SubjectsAudit project={project} nameOf={nameOf} />
          <GateAudit project={project} nameOf={nameOf} />
        </>
      ) : (
        <p class="empty-list">Owners of the project read it.</p>
      )}
    </>
  )
}
