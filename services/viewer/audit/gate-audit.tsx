import { useState } from 'preact/hooks'
import { Answered } from '../parts/answered.tsx'
import { Paging } from '../parts/paging.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { useAnswer } from '../use-answer.ts'
import { audits, type GateEntry } from './remote.ts'

const WHAT: Readonly<Record<string, string>> = {
  'gate-on': 'Gate switched on',
  'gate-off': 'Gate switched off',
  approved: 'Approved',
  rejected: 'Rejected',
  'released-without-review': 'Released without a review',
  'audit.adopted': 'Audit taken over',
  'redaction-asked': 'Asked for blanking',
  redacted: 'Blanked',
  'nomenclature-set': 'Nomenclature changed',
  'slot-amended': 'Noted what became known later',
}
const wordsFor = (what: string) => WHAT[what] ?? what.replaceAll('-', ' ')

/** Who decided what of a project's slides, gate and names. */
export function GateAudit({ project, nameOf }: { project: string; nameOf: NameOf }) {
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null])
  const cursor = cursors.at(-1) ?? null
  const answer = useAnswer(`${project} ${cursor}`, () => audits.ofReleases(project, cursor))
  return (
    <Answered answer={answer}>
      {({ entries, whole, nextCursor }) => (
        <section class="box">
          <header>
            <h2>Review, gate and names</h2>
            {whole ? <span class="tag good">Whole</span> : <span class="tag bad">Has been changed</span>}
          </header>
          {entries.length === 0 ? (
            <p class="hint">Nobody has decided anything yet.</p>
          ) : (
            <Entries {...{ entries, nameOf }} />
          )}
          <Paging cursors={cursors} next={nextCursor} onChange={setCursors} words={['Earlier', 'Later']} />
        </section>
      )}
    </Answered>
  )
}

function Entries({ entries, nameOf }: { entries: readonly GateEntry[]; nameOf: NameOf }) {
  return (
    <Table columns={['When', 'Who', 'What', 'Reason']}>
      {entries.map(({ at, who, what, slideId, reason }) => (
        <tr key={`${at} ${what} ${slideId}`}>
          <td>
            <Time at={at} />
          </td>
          <td>{nameOf(who) || 'Coverslip'}</td>
          <td>
            {wordsFor(what)}
            {slideId ? (
              <>
                {' '}
                <small>{slideId.slice(0, 8)}</small>
              </>
            ) : null}
          </td>
          <td class="why">{reason}</td>
        </tr>
      ))}
    </Table>
  )
}
