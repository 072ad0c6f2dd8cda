import { useState } from 'preact/hooks'
import { Form } from '../parts/form.tsx'
import { type NomenclatureVersion, releases } from '../releases/remote.ts'
import { useAttempt } from '../use-answer.ts'

interface NomenclatureFormProps {
  project: string
  version: NomenclatureVersion
  onSaved(version: NomenclatureVersion): void
  onClose(): void
}

/** A nomenclature is data, and is edited as data; the server says which slot is wrong, and why. */
export function NomenclatureForm({ project, version, onSaved, onClose }: NomenclatureFormProps) {
  const [text, setText] = useState(() => JSON.stringify(version.nomenclature, null, 2))
  const [malformed, setMalformed] = useState('')
  const { busy, failure, attempt } = useAttempt()
  function save() {
    let nomenclature: unknown
    try {
      nomenclature = JSON.parse(text)
      setMalformed('')
    } catch (error) {
      setMalformed(`This is not JSON: ${(error as Error).message}`)
      return
    }
    void attempt(async () => onSaved(await releases.setNomenclature(project, nomenclature)))
  }
  return (
    <Form
      label="Nomenclature"
      class="box stacked"
      busy={busy}
      failure={malformed || failure}
      send="Name slides like this"
      onSend={save}
      onClose={onClose}
    >
      <h2>Nomenclature</h2>
      <p class="hint">
        Slots of the kinds scheme, literal, project, subject, vocabulary (of technique, stain, organ, diagnosis or
        scanner), spare and random. One scheme, one subject and at least 3 random characters are needed. All codes of a
        slot have the same width, and “not assessed”, “not applicable” and “unknown” have codes of their own.
      </p>
      <label>
        As JSON
        <textarea rows={24} spellcheck={false} value={text} onInput={event => setText(event.currentTarget.value)} />
      </label>
    </Form>
  )
}
