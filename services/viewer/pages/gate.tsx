import type { Gate } from '@coverslip/proto/api/reviews.ts'
import { Answered } from '../parts/answered.tsx'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { GateSwitch } from '../releases/gate-switch.tsx'
import { releases } from '../releases/remote.ts'
import { mayRule } from '../rights.ts'
import { useAnswer } from '../use-answer.ts'
import type { InProject } from './project.tsx'

/** Whether a person looks at each slide before it is released. */
export function GatePage({ project, user, nameOf, notices }: InProject) {
  const answer = useAnswer(project, () => releases.gate(project))
  const isOwner = mayRule(user, project)
  return (
    <>
      <h1>Review gate</h1>
      <p class="lead">
        While the gate is on, nothing is released until a person has looked at it: no silent text detector lets a slide
        pass.
      </p>
      <Answered answer={answer}>
        {gate => (
          <>
            <Standing gate={gate} nameOf={nameOf} />
            {isOwner ? (
              <GateSwitch
                project={project}
                gate={gate}
                onSwitched={now => {
                  answer.put(now)
                  notices.show(switchedText(now))
                }}
              />
            ) : (
              <p class="hint">Owners of the project switch it.</p>
            )}
          </>
        )}
      </Answered>
    </>
  )
}

function switchedText({ on, released }: Gate & { released: number }): string {
  if (on) return 'The gate is on: from now on a person looks at each slide.'
  const went =
    released === 0
      ? ''
      : released === 1
        ? ' One waiting slide was released.'
        : ` ${released} waiting slides were released.`
  return `The gate is off: slides are released without a person looking.${went}`
}

function Standing({ gate, nameOf }: { gate: Gate; nameOf: NameOf }) {
  return (
    <section class="box" role="status">
      <header>
        <h2>The gate is {gate.on ? <span class="tag good">On</span> : <span class="tag bad">Off</span>}</h2>
      </header>
      <p>
        {gate.on
          ? 'A reviewer approves or rejects each slide.'
          : 'Slides are released under a random name without a person looking at them.'}{' '}
        {gate.waiting > 0 ? (
          <a href="/review">
            {gate.waiting} slide{gate.waiting === 1 ? ' waits' : 's wait'} for review.
          </a>
        ) : (
          'No slide waits.'
        )}
      </p>
      <p class="hint">
        {gate.setBy === 'owner' && gate.at ? (
          <>
            Switched by {nameOf(gate.who ?? '')}, <Time at={gate.at} />: {gate.reason}
          </>
        ) : gate.setBy === 'setting' ? (
          'The setting REVIEW_GATE of this installation says so; an owner can say otherwise for this project.'
        ) : (
          'As it is from the beginning.'
        )}
      </p>
    </section>
  )
}
