import { useState } from 'preact/hooks'
import { type AskedBy, ledger } from '../ledger/remote.ts'
import { Form } from '../parts/form.tsx'
import { useAttempt } from '../use-answer.ts'

const BY: Readonly<Record<AskedBy, { text: string; field: string; most: number }>> = {
  pseudonym: { text: 'Who is behind a pseudonym', field: 'Pseudonym', most: 20 },
  slide: { text: 'Who is behind a slide', field: 'Name or id of the slide', most: 200 },
  subject: { text: 'Which pseudonym a person has', field: 'The person, as the hospital names them', most: 200 },
}

interface LookupFormProps {
  project: string
  onAsked(): void
  onClose(): void
}

/** What is asked for, and why. Nobody sees anything until somebody else agrees. */
export function LookupForm({ project, onAsked, onClose }: LookupFormProps) {
  const [by, setBy] = useState<AskedBy>('pseudonym')
  const [what, setWhat] = useState('')
  const [reason, setReason] = useState('')
  const { busy, failure, attempt } = useAttempt()
  async function ask() {
    if (await attempt(() => ledger.ask(project, by, what.trim(), reason.trim()))) onAsked()
  }
  return (
    <Form label="Look-up" busy={busy} failure={failure} send="Ask" onSend={ask} onClose={onClose}>
      <div class="fields">
        <label>
          What
          {/* biome-ignore lint/a11y/noAutofocus: whoever opens the form goes on with its first field */}
          <select autoFocus value={by} onChange={event => setBy(event.currentTarget.value as AskedBy)}>
            {Object.entries(BY).map(([value, { text }]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          {BY[by].field}
          <input
            required
            maxLength={BY[by].most}
            autocomplete="off"
            spellcheck={false}
            value={what}
            onInput={event => setWhat(event.currentTarget.value)}
          />
        </label>
      </div>
      <label>
        Reason
        <input
          required
          maxLength={500}
          placeholder="Without names or numbers of patients: it stays in the audit"
          value={reason}
          onInput={event => setReason(event.currentTarget.value)}
        />
      </label>
      <p class="hint">
        Whoever asks and whoever agrees has to be signed in by a link of their own, not by the one of an invitation.
      </p>
    </Form>
  )
}
