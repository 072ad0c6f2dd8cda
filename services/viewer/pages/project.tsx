import '../style/project.css'
import '../style/tables.css'
import '../style/forms.css'
import type { User } from '@coverslip/proto/api.ts'
import type { ComponentType } from 'preact'
import { useMemo } from 'preact/hooks'
import { api } from '../api.ts'
import { Answered } from '../parts/answered.tsx'
import { NoticeList } from '../parts/notice-list.tsx'
import { type Notices, newNotices } from '../parts/notices.ts'
import type { ProjectAddress, Section } from '../projects/address.ts'
import { ProjectFrame } from '../projects/frame.tsx'
import { type NameOf, people } from '../projects/people.ts'
import { maySteward } from '../rights.ts'
import { useAnswer } from '../use-answer.ts'
import { AuditPage } from './audit.tsx'
import { FoldersPage } from './folders.tsx'
import { GatePage } from './gate.tsx'
import { LedgerPage } from './ledger.tsx'
import { NamesPage } from './names.tsx'
import { RulesPage } from './rules.tsx'
import { SubjectPage } from './subject.tsx'
import { SubjectsPage } from './subjects.tsx'
import { WithdrawalPage } from './withdrawal.tsx'
import { WithdrawalsPage } from './withdrawals.tsx'

export interface InProject {
  project: string
  user: User
  nameOf: NameOf
  notices: Notices
}

const PAGES: Readonly<Record<Section, ComponentType<InProject>>> = {
  subjects: SubjectsPage,
  rules: RulesPage,
  withdrawals: WithdrawalsPage,
  ledger: LedgerPage,
  gate: GatePage,
  names: NamesPage,
  folders: FoldersPage,
  audit: AuditPage,
}
/** Of one thing in a section. */
const ONE: Partial<Record<Section, ComponentType<InProject & { id: string }>>> = {
  subjects: SubjectPage,
  withdrawals: WithdrawalPage,
}

/** Everything about a project that is for its stewards, and on-prem only. */
export function ProjectPage({ project, section, id }: ProjectAddress) {
  const session = useAnswer('session', async () => {
    const user = await api.session()
    return { user, nameOf: maySteward(user, project) ? await people() : String }
  })
  const notices = useMemo(newNotices, [])
  const One = id ? ONE[section] : undefined
  const Page = PAGES[section]
  return (
    <Answered answer={session}>
      {({ user, nameOf }) => (
        <ProjectFrame user={user} project={project} section={section}>
          {!maySteward(user, project) ? (
            <p class="empty-list">Only stewards and owners of the project “{project}” see this.</p>
          ) : One && id ? (
            <One {...{ id, project, user, nameOf, notices }} />
          ) : (
            <Page {...{ project, user, nameOf, notices }} />
          )}
          <NoticeList notices={notices} />
        </ProjectFrame>
      )}
    </Answered>
  )
}
