import type { SubjectAnswer } from '@coverslip/proto/api/subjects.ts'
import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { Form } from '../parts/form.tsx'
import { projectPath } from '../projects/address.ts'
import { useAttempt } from '../use-answer.ts'
import { withdrawals } from '../withdrawals/remote.ts'

function whatIsErased(slides: number): string {
  const rest = 'every copy, tile, annotation and name, and who the subject is'
  if (slides === 0) return `No slide of this subject is here; who the subject is will be forgotten.`
  return `${slides === 1 ? 'The one slide' : `All ${slides} slides`} of this subject will be erased at every site, and ${rest}.`
}

/** Says what will be erased; asks for a reason, and for the pseudonym, so that it is not the wrong subject. */
export function WithdrawDialog({ subject, onClose }: { subject: SubjectAnswer; onClose(): void }) {
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const { busy, failure, attempt } = useAttempt()
  const isMeant = typed.trim().toUpperCase() === subject.pseudonym.toUpperCase()
  const withdraw = () =>
    attempt(async () => {
      const { id } = await withdrawals.begin(subject.id, reason)
      location.assign(projectPath(subject.project, 'withdrawals', id))
    })
  return (
    <Dialog title={`Withdraw ${subject.pseudonym}?`} onClose={onClose}>
      <Form
        busy={busy}
        failure={failure}
        send="Erase everything"
        danger
        disabled={!isMeant}
        onSend={withdraw}
        close="Back"
        onClose={onClose}
      >
        <p>
          {whatIsErased(subject.slides)} What comes of the subject later is held. <b>This cannot be undone.</b>
        </p>
        <label>
          Reason
          <input
            required
            maxLength={500}
            placeholder="Without names or numbers of patients"
            value={reason}
            onInput={event => setReason(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>
            The pseudonym again: <code>{subject.pseudonym}</code>
          </span>
          <input
            required
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={event => setTyped(event.currentTarget.value)}
          />
        </label>
      </Form>
    </Dialog>
  )
}
