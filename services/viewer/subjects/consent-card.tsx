import type { SubjectDetails } from '@coverslip/proto/api/subjects.ts'
import { useState } from 'preact/hooks'
import { Form } from '../parts/form.tsx'
import { useReturnFocus } from '../parts/return-focus.ts'
import { dayText } from '../rules/wording.ts'
import { type ConsentDraft, consentDraft, consentOf, type Said } from '../subjects/consent.ts'
import { subjects } from '../subjects/remote.ts'
import { useAttempt } from '../use-answer.ts'

interface ConsentCardProps {
  subject: SubjectDetails
  onSaved(): Promise<void>
}

/** What a subject has agreed to, as far as it is known. */
export function ConsentCard({ subject, onSaved }: ConsentCardProps) {
  const [editing, setEditing] = useState(false)
  const opener = useReturnFocus(editing)
  const { consent } = subject
  if (editing) return <ConsentForm subject={subject} onSaved={onSaved} onClose={() => setEditing(false)} />
  return (
    <section class="box">
      <header>
        <h2>Consent</h2>
        <button ref={opener} type="button" onClick={() => setEditing(true)}>
          {consent ? 'Change' : 'Record'}
        </button>
      </header>
      {consent ? (
        <dl class="facts-list">
          <Fact name="Version" value={consent.version} />
          <Fact name="Given on" value={consent.date && dayText(consent.date)} />
          <Fact name="Scope" value={consent.scope && (consent.scope.join(', ') || 'none')} />
          <Fact name="International use" value={permissionText(consent.international)} />
          <Fact name="Commercial use" value={permissionText(consent.commercial)} />
        </dl>
      ) : (
        <p class="hint">No consent is recorded.</p>
      )}
    </section>
  )
}

const permissionText = (value: boolean | null) => (value === null ? null : value ? 'allowed' : 'not allowed')

function Fact({ name, value }: { name: string; value: string | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? <small>unknown</small>}</dd>
    </div>
  )
}

function ConsentForm({ subject, onSaved, onClose }: ConsentCardProps & { onClose(): void }) {
  const [draft, setDraft] = useState(() => consentDraft(subject.consent))
  const { busy, failure, attempt } = useAttempt()
  const change = (changes: Partial<ConsentDraft>) => setDraft({ ...draft, ...changes })
  async function save() {
    const saved = await attempt(async () => {
      await subjects.setConsent(subject.id, consentOf(draft))
      await onSaved()
    })
    if (saved) onClose()
  }
  return (
    <Form
      label="Consent"
      class="box stacked"
      busy={busy}
      failure={failure}
      send="Record consent"
      onSend={save}
      onClose={onClose}
    >
      <h2>Consent</h2>
      <p class="hint">What is left empty is unknown, and a rule that asks for it holds the slides.</p>
      <div class="fields">
        <label>
          Version
          <input
            // biome-ignore lint/a11y/noAutofocus: whoever opens the form goes on with its first field
            autoFocus
            placeholder="2.1"
            pattern="[0-9]{1,4}(\.[0-9]{1,4}){0,3}"
            title="Numbers with dots, such as 2.1"
            value={draft.version}
            onInput={event => change({ version: event.currentTarget.value })}
          />
        </label>
        <label>
          Given on
          <input type="date" value={draft.date} onInput={event => change({ date: event.currentTarget.value })} />
        </label>
      </div>
      <label>
        Scope, as terms of the Data Use Ontology
        <input
          placeholder="DUO:0000042 (general research use)"
          value={draft.scope}
          onInput={event => change({ scope: event.currentTarget.value })}
        />
      </label>
      <div class="fields">
        <Permission
          label="International use"
          value={draft.international}
          onChange={international => change({ international })}
        />
        <Permission label="Commercial use" value={draft.commercial} onChange={commercial => change({ commercial })} />
      </div>
    </Form>
  )
}

function Permission({ label, value, onChange }: { label: string; value: Said; onChange(said: Said): void }) {
  return (
    <label>
      {label}
      <select value={value} onChange={event => onChange(event.currentTarget.value as Said)}>
        <option value="">Unknown</option>
        <option value="yes">Allowed</option>
        <option value="no">Not allowed</option>
      </select>
    </label>
  )
}
