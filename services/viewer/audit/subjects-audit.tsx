import { useState } from 'preact/hooks'
import { Answered } from '../parts/answered.tsx'
import { Paging } from '../parts/paging.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { useAnswer } from '../use-answer.ts'
import { audits, type SubjectEntry } from './remote.ts'
import { sayEntry } from './wording.ts'

/** Who did what to subjects, rules and the ledger. */
export function SubjectsAudit({ project, nameOf }: { project: string; nameOf: NameOf }) {
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null])
  const after = cursors.at(-1) ?? null
  const answer = useAnswer(`${project} ${after}`, () => audits.ofSubjects(project, after))
  return (
    <section class="box">
      <h2>Subjects, rules and ledger</h2>
      <Answered answer={answer}>
        {({ entries, next }) => (
          <>
            {entries.length === 0 ? (
              <p class="hint">Nobody has done anything yet.</p>
            ) : (
              <Entries {...{ entries, nameOf }} />
            )}
            <Paging cursors={cursors} next={next} onChange={setCursors} words={['Earlier', 'Later']} />
          </>
        )}
      </Answered>
    </section>
  )
}

function Entries({ entries, nameOf }: { entries: readonly SubjectEntry[]; nameOf: NameOf }) {
  return (
    <Table columns={[{ numbers: 'Entry' }, 'When', 'Who', 'What', 'Reason']}>
      {entries.map(({ seq, at, actor, action, what, words }) => (
        <tr key={seq}>
          <td class="number">{seq}</td>
          <td>
            <Time at={at} />
          </td>
          <td>{actor === 'system' ? 'Coverslip' : nameOf(actor)}</td>
          <td>{sayEntry(action, what)}</td>
          <td class="why">{words}</td>
        </tr>
      ))}
    </Table>
  )
}
