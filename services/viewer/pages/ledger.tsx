import { useState } from 'preact/hooks'
import { LedgerCard } from '../ledger/ledger-card.tsx'
import { LookupForm } from '../ledger/lookup-form.tsx'
import { LookupList } from '../ledger/lookup-list.tsx'
import { ledger } from '../ledger/remote.ts'
import { Answered } from '../parts/answered.tsx'
import { useReturnFocus } from '../parts/return-focus.ts'
import { maySteward } from '../rights.ts'
import { useAnswer } from '../use-answer.ts'
import type { InProject } from './project.tsx'

/** Somebody else may be agreeing right now. */
const LOOK_EVERY = 5000

/** Who is behind a pseudonym: asked for by one person, agreed to by another one. */
export function LedgerPage({ project, user, nameOf, notices }: InProject) {
  const lookups = useAnswer(
    project,
    () => ledger.lookups(project),
    () => LOOK_EVERY,
  )
  const [asking, setAsking] = useState(false)
  const opener = useReturnFocus(asking)
  return (
    <>
      <h1>Ledger</h1>
      <p class="lead">
        The ledger leads from a pseudonym back to a person. It is sealed, stays on-prem, and opens for two people with a
        reason: one asks, another one agrees, and the first sees the answer for a short time. All of it is audited.
      </p>
      <section class="box">
        <header>
          <h2>Look-ups</h2>
          {asking ? null : (
            <button ref={opener} type="button" class="primary" onClick={() => setAsking(true)}>
              Ask for a look-up
            </button>
          )}
        </header>
        {asking ? (
          <LookupForm
            project={project}
            onAsked={() => {
              setAsking(false)
              notices.show('Asked. Another steward or owner has to agree.')
              void lookups.again()
            }}
            onClose={() => setAsking(false)}
          />
        ) : null}
        <Answered answer={lookups}>
          {list => <LookupList list={list} user={user} nameOf={nameOf} onDecided={lookups.again} />}
        </Answered>
      </section>
      {maySteward(user, '*') ? (
        <LedgerCard user={user} nameOf={nameOf} />
      ) : (
        <p class="hint">There is one ledger for all projects; its switch and keys are with the owners of everything.</p>
      )}
    </>
  )
}
