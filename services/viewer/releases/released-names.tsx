import type { ReleasedSlide } from '@coverslip/proto/api/releases.ts'
import { useState } from 'preact/hooks'
import { Answered } from '../parts/answered.tsx'
import { Paging } from '../parts/paging.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { releases } from '../releases/remote.ts'
import { useAnswer } from '../use-answer.ts'

/** Where a name says that nothing is known. */
const NOTHING = new Set([null, 'not-assessed', 'not-applicable', 'unknown'])

/** What a slot tells of the slide; what became known later takes the place of what the name says. */
const said = ({ name, value, later }: ReleasedSlide['slots'][number]): string[] => {
  const known = later ?? value
  return NOTHING.has(known) ? [] : [`${name} ${known}`]
}

/** The manifest of released slides: what each name stands for. */
export function ReleasedNames({ project, nameOf }: { project: string; nameOf: NameOf }) {
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null])
  const cursor = cursors.at(-1) ?? null
  const answer = useAnswer(`${project} ${cursor}`, () => releases.list(project, cursor))
  return (
    <section class="box">
      <h2>Released slides</h2>
      <Answered answer={answer}>
        {({ releases: list, nextCursor }) => (
          <>
            {list.length === 0 ? (
              <p class="hint">None yet.</p>
            ) : (
              <Table columns={['Name', 'Says', 'Released by', 'On']}>
                {list.map(one => (
                  <tr key={one.slideId}>
                    <th scope="row">
                      <a href={`/slides/${one.slideId}`}>{one.name}</a>
                    </th>
                    <td>{one.slots.flatMap(said).join(', ')}</td>
                    <td>{one.owner ? nameOf(one.owner) : <small>nobody: the gate was off</small>}</td>
                    <td>
                      <Time at={one.at} />
                    </td>
                  </tr>
                ))}
              </Table>
            )}
            <Paging cursors={cursors} next={nextCursor} onChange={setCursors} />
          </>
        )}
      </Answered>
    </section>
  )
}
