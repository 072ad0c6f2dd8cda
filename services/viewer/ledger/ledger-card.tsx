import type { User } from '@coverslip/proto/api.ts'
import { useState } from 'preact/hooks'
import { type LedgerState, ledger } from '../ledger/remote.ts'
import { Answered, Failure } from '../parts/answered.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { mayRule } from '../rights.ts'
import { type Answer, useAnswer, useAttempt } from '../use-answer.ts'

/** The one ledger of all projects: whether it is kept, by which keys, and whether its audit is whole. */
export function LedgerCard({ user, nameOf }: { user: User; nameOf: NameOf }) {
  // Subjects' keys are wrapped anew in the background after a rotation.
  const answer = useAnswer('ledger', ledger.state, ({ keys }) => (keysInUse(keys).length > 1 ? 1000 : null))
  const isOwner = mayRule(user, '*')
  return (
    <Answered answer={answer}>
      {state => (
        <>
          <Standing state={state} answer={answer} nameOf={nameOf} isOwner={isOwner} />
          <Keys state={state} answer={answer} isOwner={isOwner} />
        </>
      )}
    </Answered>
  )
}

const keysInUse = (keys: LedgerState['keys']) => keys.filter(({ destroyedAt }) => destroyedAt === null)

interface PartProps {
  state: LedgerState
  answer: Answer<LedgerState>
  isOwner: boolean
}
function Standing({ state, answer, nameOf, isOwner }: PartProps & { nameOf: NameOf }) {
  const [asking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  return (
    <section class="box">
      <header>
        <h2>
          The ledger of all projects {state.on ? <span class="tag good">On</span> : <span class="tag bad">Off</span>}
        </h2>
        {isOwner ? (
          <button
            type="button"
            disabled={busy}
            onClick={() =>
              state.on ? setAsking(true) : void attempt(async () => answer.put(await ledger.switch(true)))
            }
          >
            {state.on ? 'Switch it off…' : 'Switch it on'}
          </button>
        ) : null}
      </header>
      <Failure of={failure} />
      <p class="hint">
        {state.changedBy === 'system' ? 'Kept since the beginning' : `Switched by ${nameOf(state.changedBy)}`},{' '}
        <Time at={state.changedAt} />
      </p>
      {state.on ? null : <Impossible list={state.impossibleWithout} />}
      <p>
        {state.audit.broken === null ? (
          <>
            The audit is whole: {state.audit.entries} {state.audit.entries === 1 ? 'entry' : 'entries'}, each sealed to
            the one before.
          </>
        ) : (
          <b class="reason">The audit has been changed: entry {state.audit.broken} is the first that does not fit.</b>
        )}
      </p>
      {asking ? <SwitchOff state={state} answer={answer} onClose={() => setAsking(false)} /> : null}
    </section>
  )
}

function Impossible({ list }: { list: readonly string[] }) {
  return (
    <ul class="bullets warning">
      {list.map(what => (
        <li key={what}>{what}.</li>
      ))}
    </ul>
  )
}

/** What becomes impossible is read before the button can be pressed. */
function SwitchOff({ state, answer, onClose }: Omit<PartProps, 'isOwner'> & { onClose(): void }) {
  const [read, setRead] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  async function switchOff() {
    if (await attempt(async () => answer.put(await ledger.switch(false)))) onClose()
  }
  return (
    <Dialog title="Switch the ledger off?" onClose={onClose}>
      <p>Who released slides are of is forgotten now, for good; of those on their way, at their release. Afterwards:</p>
      <Impossible list={state.impossibleWithout} />
      <label class="inline">
        <input type="checkbox" checked={read} onChange={event => setRead(event.currentTarget.checked)} />
        <span>I have read this, and it cannot be undone by switching the ledger on again.</span>
      </label>
      <Failure of={failure} />
      <div class="buttons">
        <button type="button" class="danger" disabled={!read || busy} onClick={() => void switchOff()}>
          Forget, and switch off
        </button>
        <button type="button" onClick={onClose}>
          Keep the ledger
        </button>
      </div>
    </Dialog>
  )
}

function Keys({ state: { keys }, answer, isOwner }: PartProps) {
  const { busy, failure, attempt } = useAttempt()
  return (
    <section class="box">
      <header>
        <h2>Keys</h2>
        {isOwner ? (
          <button
            type="button"
            disabled={busy}
            title="A new key; the old one is destroyed when nothing is wrapped with it any more"
            onClick={() => void attempt(async () => answer.put(await ledger.rotate()))}
          >
            Rotate the key
          </button>
        ) : null}
      </header>
      <Failure of={failure} />
      <Table columns={['Version', 'Made', { numbers: 'Subjects' }, 'State']} live>
        {keys.toReversed().map(({ version, createdAt, destroyedAt, subjects }, index) => (
          <tr key={version}>
            <th scope="row">{version}</th>
            <td>
              <Time at={createdAt} />
            </td>
            <td class="number">{subjects}</td>
            <td>
              {destroyedAt ? (
                <small>
                  destroyed <Time at={destroyedAt} />
                </small>
              ) : index === 0 ? (
                <span class="tag good">In use</span>
              ) : (
                <span class="tag held">Being replaced</span>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  )
}
