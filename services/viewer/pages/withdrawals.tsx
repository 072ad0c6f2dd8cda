import { useState } from 'preact/hooks'
import { Answered } from '../parts/answered.tsx'
import { Paging } from '../parts/paging.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { projectPath } from '../projects/address.ts'
import { useAnswer } from '../use-answer.ts'
import { type WithdrawalPage as Listed, withdrawals } from '../withdrawals/remote.ts'
import type { InProject } from './project.tsx'

const LOOK_EVERY = 2000

/** Withdrawals of a project, and what proves them. */
export function WithdrawalsPage({ project, nameOf }: InProject) {
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null])
  const cursor = cursors.at(-1) ?? null
  const isErasing = ({ withdrawals: list }: Listed) => list.some(({ state }) => state === 'erasing')
  const answer = useAnswer(
    `${project} ${cursor}`,
    () => withdrawals.list(project, cursor),
    page => (isErasing(page) ? LOOK_EVERY : null),
  )
  return (
    <>
      <h1>Withdrawals</h1>
      <p class="lead">
        A withdrawal begins at its subject. Every keeper of bytes answers what it erased; when all have answered, the
        proof is closed.
      </p>
      <Answered answer={answer}>
        {({ withdrawals: list, nextCursor }) => (
          <>
            {list.length === 0 ? (
              <p class="empty-list">Nobody has withdrawn their consent.</p>
            ) : (
              <Table columns={['Subject', 'State', { numbers: 'Slides' }, 'Asked for by', 'On']}>
                {list.map(one => (
                  <tr key={one.id}>
                    <th scope="row">
                      <a href={projectPath(project, 'withdrawals', one.id)}>{one.subject}</a>
                    </th>
                    <td>
                      <WithdrawalTag state={one.state} />
                    </td>
                    <td class="number">{one.slides}</td>
                    <td>{nameOf(one.requestedBy)}</td>
                    <td>
                      <Time at={one.requestedAt} />
                    </td>
                  </tr>
                ))}
              </Table>
            )}
            <Paging cursors={cursors} next={nextCursor} onChange={setCursors} />
          </>
        )}
      </Answered>
    </>
  )
}

export const WithdrawalTag = ({ state }: { state: 'erasing' | 'done' }) =>
  state === 'done' ? <span class="tag good">Erased and proven</span> : <span class="tag held">Being erased</span>
