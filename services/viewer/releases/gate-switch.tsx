import type { Gate } from '@coverslip/proto/api/reviews.ts'
import { useState } from 'preact/hooks'
import { Form } from '../parts/form.tsx'
import { releases } from '../releases/remote.ts'
import { useAttempt } from '../use-answer.ts'

interface GateSwitchProps {
  project: string
  gate: Gate
  onSwitched(gate: Gate & { released: number }): void
}

/** An act of the owner, with a reason that stays in the audit. */
export function GateSwitch({ project, gate, onSwitched }: GateSwitchProps) {
  const [reason, setReason] = useState('')
  const [releaseWaiting, setReleaseWaiting] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  const change = { on: !gate.on, reason: reason.trim(), releaseWaiting: gate.on && releaseWaiting }
  async function set() {
    const switched = await attempt(async () => onSwitched(await releases.setGate(project, change)))
    if (switched) setReason('')
  }
  return (
    <Form
      label="Switch the gate"
      class="box stacked"
      busy={busy}
      failure={failure}
      send={gate.on ? 'Switch the gate off' : 'Switch the gate on'}
      danger={gate.on}
      onSend={set}
    >
      <h2>Switch it {gate.on ? 'off' : 'on'}</h2>
      {gate.on ? (
        <p class="warning">
          Without the gate, a name in handwriting, a sticker at the edge or an ink mark can get out: programs find some
          of them, people find more.
        </p>
      ) : null}
      <label>
        Reason
        <input
          required
          maxLength={500}
          placeholder="It stays in the audit"
          value={reason}
          onInput={event => setReason(event.currentTarget.value)}
        />
      </label>
      {gate.on && gate.waiting > 0 ? (
        <label class="inline">
          <input
            type="checkbox"
            checked={releaseWaiting}
            onChange={event => setReleaseWaiting(event.currentTarget.checked)}
          />
          <span>
            Also release the {gate.waiting === 1 ? 'slide that waits' : `${gate.waiting} slides that wait`} now, unseen
          </span>
        </label>
      ) : null}
    </Form>
  )
}
