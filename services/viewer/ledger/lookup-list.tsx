import type { Lookup } from '@coverslip/proto/api/ledger.ts'
import type { User } from '@coverslip/proto/api.ts'
import { useState } from 'preact/hooks'
import { type Identity, ledger } from '../ledger/remote.ts'
import { Failure } from '../parts/answered.tsx'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { useAttempt } from '../use-answer.ts'
import { IdentityDialog } from './identity-dialog.tsx'

const STATES: Readonly<Record<Lookup['state'], { text: string; tone: string }>> = {
  waiting: { text: 'Waits for somebody else', tone: 'held' },
  approved: { text: 'Agreed to', tone: 'good' },
  refused: { text: 'Refused', tone: 'bad' },
  expired: { text: 'Over', tone: '' },
}

interface LookupListProps {
  list: readonly Lookup[]
  user: User
  nameOf: NameOf
  onDecided(): Promise<void>
}

/** Look-ups, newest first: whoever asked sees the answer, everybody else may agree. */
export function LookupList({ list, user, nameOf, onDecided }: LookupListProps) {
  const [shown, setShown] = useState<Identity | 'nobody' | null>(null)
  const { busy, failure, attempt } = useAttempt()
  if (list.length === 0) return <p class="hint">Nobody has asked for anything.</p>
  const decide = (id: string, decision: 'approve' | 'refuse') =>
    void attempt(() => ledger.decide(id, decision)).then(onDecided)
  const show = (id: string) =>
    void attempt(async () => {
      const { state, answer } = await ledger.answer(id)
      // It may have expired since the list was read.
      if (state === 'approved') setShown(answer ?? 'nobody')
      else await onDecided()
    })
  return (
    <>
      <Failure of={failure} />
      <ul class="lookups" aria-live="polite">
        {list.map(one => (
          <li key={one.id}>
            <div class="grow">
              <p>
                <b>{one.reason || 'Reason erased'}</b>{' '}
                <span class={`tag ${STATES[one.state].tone}`}>{STATES[one.state].text}</span>
              </p>
              <small>
                {one.requestedBy === user.id ? 'You' : nameOf(one.requestedBy)}, <Time at={one.requestedAt} />
                {one.decidedBy && one.decidedAt ? (
                  <>
                    {' · '}
                    {one.state === 'refused' ? 'refused' : 'agreed to'} by{' '}
                    {one.decidedBy === user.id ? 'you' : nameOf(one.decidedBy)}, <Time at={one.decidedAt} />
                  </>
                ) : null}
              </small>
            </div>
            {one.state === 'waiting' && one.requestedBy !== user.id ? (
              <div class="inline">
                <button type="button" class="primary" disabled={busy} onClick={() => decide(one.id, 'approve')}>
                  Agree
                </button>
                <button type="button" disabled={busy} onClick={() => decide(one.id, 'refuse')}>
                  Refuse
                </button>
              </div>
            ) : null}
            {one.state === 'approved' && one.requestedBy === user.id ? (
              <button type="button" class="primary" disabled={busy} onClick={() => show(one.id)}>
                See the answer
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {shown ? <IdentityDialog of={shown} onClose={() => setShown(null)} /> : null}
    </>
  )
}
