import { useState } from 'preact/hooks'

/** A set of rules to begin with. The day is the site's to say: it follows from its law and its consent form. */
export function PresetForm({ busy, onChoose }: { busy: boolean; onChoose(collectedFrom: string): void }) {
  const [day, setDay] = useState('')
  return (
    <form
      class="box"
      aria-label="Preset"
      onSubmit={event => {
        event.preventDefault()
        onChoose(day)
      }}
    >
      <h2>Begin with a preset</h2>
      <p class="hint">
        “PAIP”: consent, its scope, international and commercial use for what was collected since a day; an attested
        vital status; 30 % of tumour and of normal tissue; case, organ, diagnosis, stain and day of collection known. It
        takes the place of the rules in force.
      </p>
      <div class="fields">
        <label>
          Consent is needed for material collected since
          <input type="date" required value={day} onInput={event => setDay(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={busy}>
          Put PAIP’s rules in force
        </button>
      </div>
    </form>
  )
}
