import type { SubjectAnswer } from '@coverslip/proto/api/subjects.ts'
import { useRef, useState } from 'preact/hooks'
import { takeManifest } from '../intake/manifest.ts'
import { Answered } from '../parts/answered.tsx'
import { Icons } from '../parts/icons.tsx'
import { OneFile } from '../parts/one-file.tsx'
import { Paging } from '../parts/paging.tsx'
import { Search } from '../parts/search.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { projectPath } from '../projects/address.ts'
import { type Asked, subjects } from '../subjects/remote.ts'
import { useAnswer } from '../use-answer.ts'
import type { InProject } from './project.tsx'

/** Whose material a project has, by pseudonyms. */
export function SubjectsPage({ project, notices }: InProject) {
  const [pseudonym, setPseudonym] = useState('')
  const [onlyHeld, setOnlyHeld] = useState(false)
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null])
  const asked: Asked = { project, pseudonym, onlyHeld, cursor: cursors.at(-1) ?? null }
  const answer = useAnswer(JSON.stringify(asked), () => subjects.list(asked))
  return (
    <>
      <h1>Subjects</h1>
      <p class="lead">
        Each slide hangs on a subject. Who a subject is stands in the ledger; here are pseudonyms, consents and what
        holds slides back.
      </p>
      <div class="actions">
        <Search
          label="Find a pseudonym"
          maxLength={20}
          searched={pseudonym}
          onSearch={text => {
            setPseudonym(text)
            setCursors([null])
          }}
        />
        <label class="inline">
          <input
            type="checkbox"
            checked={onlyHeld}
            onChange={event => {
              setOnlyHeld(event.currentTarget.checked)
              setCursors([null])
            }}
          />
          With held slides
        </label>
        <span class="grow" />
        <ManifestButton onFile={file => void takeManifest(file, notices, project).then(answer.again)} />
      </div>
      <Answered answer={answer}>
        {({ subjects: list, nextCursor }) => (
          <>
            {list.length > 0 ? <SubjectTable project={project} list={list} /> : <None of={asked} />}
            <Paging cursors={cursors} next={nextCursor} onChange={setCursors} />
          </>
        )}
      </Answered>
    </>
  )
}

function ManifestButton({ onFile }: { onFile(file: File): void }) {
  const picker = useRef<HTMLInputElement>(null)
  return (
    <>
      <button
        type="button"
        class="primary"
        title="CSV: whose material files are"
        onClick={() => picker.current?.click()}
      >
        <Icons.upload />
        Manifest…
      </button>
      <OneFile picker={picker} label="Manifest (CSV)" accept=".csv,text/csv" onFile={onFile} />
    </>
  )
}

function SubjectTable({ project, list }: { project: string; list: readonly SubjectAnswer[] }) {
  return (
    <Table columns={['Pseudonym', 'State', { numbers: 'Slides' }, 'Known since']}>
      {list.map(subject => (
        <tr key={subject.id}>
          <th scope="row">
            <a href={projectPath(project, 'subjects', subject.id)}>{subject.pseudonym}</a>
          </th>
          <td>
            <SubjectTags subject={subject} />
          </td>
          <td class="number">{subject.slides}</td>
          <td>
            <Time at={subject.createdAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

/** What is special about a subject. */
export function SubjectTags({ subject }: { subject: SubjectAnswer }) {
  return (
    <span class="tags">
      {subject.state === 'withdrawn' ? <span class="tag">Withdrawn</span> : null}
      {subject.state === 'withdrawing' ? <span class="tag held">Being withdrawn</span> : null}
      {subject.held > 0 ? <span class="tag held">{subject.held} held</span> : null}
      {subject.named || subject.state !== 'active' ? null : (
        <span class="tag" title="No manifest has said whose material it is">
          Not named
        </span>
      )}
      {subject.state === 'active' && subject.held === 0 && subject.named ? <span class="tag good">Active</span> : null}
    </span>
  )
}

function None({ of: { pseudonym, onlyHeld, cursor } }: { of: Asked }) {
  if (pseudonym || onlyHeld || cursor) return <p class="empty-list">No subject is like that.</p>
  return (
    <div class="empty-list">
      <h2>No subjects yet</h2>
      <p>
        They come with slides. A manifest (CSV: file, subject, organ, diagnosis, stain, consent…) says whose material
        the slides are, and is best sent before them.
      </p>
    </div>
  )
}
