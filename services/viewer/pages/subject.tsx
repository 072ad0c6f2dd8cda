import type { SubjectDetails } from '@coverslip/proto/api/subjects.ts'
import { useState } from 'preact/hooks'
import { Answered } from '../parts/answered.tsx'
import { Icons } from '../parts/icons.tsx'
import { projectPath } from '../projects/address.ts'
import { Attestations } from '../subjects/attestations.tsx'
import { ConsentCard } from '../subjects/consent-card.tsx'
import { subjects } from '../subjects/remote.ts'
import { useAnswer } from '../use-answer.ts'
import { withdrawals } from '../withdrawals/remote.ts'
import { WithdrawDialog } from '../withdrawals/withdraw-dialog.tsx'
import type { InProject } from './project.tsx'
import { SubjectTags } from './subjects.tsx'

const LOOK_EVERY = 2000

/** What is no longer held goes on by itself, until it is released. */
const lookEvery = ({ slidesOf }: SubjectDetails): number | null =>
  slidesOf.some(({ state, heldBy }) => state === 'admitted' || (state === 'held' && heldBy.length === 0))
    ? LOOK_EVERY
    : null

/** One subject: what they agreed to, what is stated of their material, and what holds it. */
export function SubjectPage({ id, project, nameOf }: InProject & { id: string }) {
  const answer = useAnswer(id, () => subjects.one(id), lookEvery)
  return (
    <Answered answer={answer}>
      {subject => (
        <>
          <a class="way-up" href={projectPath(project, 'subjects')}>
            <Icons.back /> Subjects
          </a>
          <header class="page-title">
            <h1>{subject.pseudonym}</h1>
            <SubjectTags subject={subject} />
          </header>
          {subject.state === 'active' ? (
            <div class="cards two">
              <ConsentCard subject={subject} onSaved={answer.again} />
              <Attestations subject={subject} nameOf={nameOf} onSaved={answer.again} />
            </div>
          ) : (
            <Withdrawn subject={subject} />
          )}
          <Slides subject={subject} />
          {subject.state === 'active' ? <Withdraw subject={subject} /> : null}
        </>
      )}
    </Answered>
  )
}

/** Nothing can be stated of them any more; the proof stays. */
function Withdrawn({ subject: { id, project } }: { subject: SubjectDetails }) {
  const answer = useAnswer(id, () => withdrawals.of(id))
  const { value } = answer
  return (
    <p class="banner quiet">
      The subject has withdrawn their consent.{' '}
      {value ? <a href={projectPath(project, 'withdrawals', value.id)}>What was erased, and the proof of it</a> : null}
    </p>
  )
}

const STATES: Readonly<Record<SubjectDetails['slidesOf'][number]['state'], { text: string; tone: string }>> = {
  held: { text: 'Held', tone: 'held' },
  admitted: { text: 'Went on', tone: '' },
  released: { text: 'Released', tone: 'good' },
  gone: { text: 'Deleted', tone: '' },
}

function Slides({ subject }: { subject: SubjectDetails }) {
  const { slidesOf } = subject
  return (
    <section class="box">
      <h2>Slides</h2>
      {slidesOf.length === 0 ? <p class="hint">None has come yet.</p> : null}
      <ul class="slides-of">
        {slidesOf.map(slide => (
          <li key={slide.id}>
            <div class="heading">
              <b>
                {slide.state === 'released' ? (
                  <a href={`/slides/${slide.id}`}>{slide.name}</a>
                ) : (
                  (slide.name ?? `Slide ${slide.id.slice(0, 8)}`)
                )}
              </b>
              <span class={`tag ${STATES[slide.state].tone}`}>{STATES[slide.state].text}</span>
            </div>
            <HangsOn slide={slide} />
            {slide.heldBy.length > 0 ? (
              <ul class="held-by">
                {slide.heldBy.map(why => (
                  <li key={why}>{why}</li>
                ))}
              </ul>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Case > specimen > block > glass, as far as they are known. */
function HangsOn({ slide }: { slide: SubjectDetails['slidesOf'][number] }) {
  const parts = (['case', 'specimen', 'block', 'glass'] as const).filter(part => slide[part])
  if (parts.length === 0) return null
  return <p class="hint">{parts.map(part => `${part} ${slide[part]}`).join(' › ')}</p>
}

function Withdraw({ subject }: { subject: SubjectDetails }) {
  const [open, setOpen] = useState(false)
  return (
    <section class="box danger-zone">
      <div class="grow">
        <h2>Withdrawal</h2>
        <p>When the subject withdraws their consent, every slide, copy, annotation and entry of theirs is erased.</p>
      </div>
      <button type="button" class="danger" onClick={() => setOpen(true)}>
        Withdraw consent…
      </button>
      {open ? <WithdrawDialog subject={subject} onClose={() => setOpen(false)} /> : null}
    </section>
  )
}
