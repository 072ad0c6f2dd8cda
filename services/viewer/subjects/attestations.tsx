import type { Attestation } from '@coverslip/proto/api/selection-rules.ts'
import type { SubjectDetails } from '@coverslip/proto/api/subjects.ts'
import { useState } from 'preact/hooks'
import { Form } from '../parts/form.tsx'
import { useReturnFocus } from '../parts/return-focus.ts'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { fractionOf, percentText } from '../rules/draft.ts'
import { RULE_TITLES } from '../rules/wording.ts'
import { subjects } from '../subjects/remote.ts'
import { useAttempt } from '../use-answer.ts'

interface AttestationsProps {
  subject: SubjectDetails
  nameOf: NameOf
  onSaved(): Promise<void>
}
type Kind = Attestation['kind']

/** What people state of their own knowledge: who answers for it stands beside it. */
export function Attestations({ subject, nameOf, onSaved }: AttestationsProps) {
  const [kind, setKind] = useState<Kind | null>(null)
  const opener = useReturnFocus(kind !== null)
  const { attestations } = subject
  return (
    <section class="box">
      <header>
        <h2>Attestations</h2>
        {kind ? null : (
          <button ref={opener} type="button" onClick={() => setKind('tumour-fraction')}>
            Attest
          </button>
        )}
      </header>
      {attestations.length === 0 && !kind ? <p class="hint">Nobody has attested anything.</p> : null}
      <ul class="attested">
        {attestations.map(one => (
          <li key={`${one.kind} ${one.slide} ${one.at}`}>
            <span>
              {RULE_TITLES[one.kind as Kind]}: <b>{one.value === null ? one.status : `${percentText(one.value)} %`}</b>
              {one.slide ? ` of ${slideName(subject, one.slide)}` : ''}
            </span>
            <small>
              {one.broker ? `${one.broker}, ` : ''}recorded by {nameOf(one.by)}, <Time at={one.at} />
            </small>
          </li>
        ))}
      </ul>
      {kind ? (
        <AttestForm subject={subject} kind={kind} onKind={setKind} onSaved={onSaved} onClose={() => setKind(null)} />
      ) : null}
    </section>
  )
}

const slideName = ({ slidesOf }: SubjectDetails, id: string) =>
  slidesOf.find(slide => slide.id === id)?.name ?? 'a slide'

interface AttestFormProps extends Omit<AttestationsProps, 'nameOf'> {
  kind: Kind
  onKind(kind: Kind): void
  onClose(): void
}
function AttestForm({ subject, kind, onKind, onSaved, onClose }: AttestFormProps) {
  const [status, setStatus] = useState<'living' | 'deceased'>('living')
  const [broker, setBroker] = useState('')
  const [percent, setPercent] = useState('')
  const [slide, setSlide] = useState('')
  const { busy, failure, attempt } = useAttempt()
  const attestation = (): Attestation =>
    kind === 'vital-status'
      ? { kind, status, broker: broker.trim() }
      : { kind, value: fractionOf(percent), ...(slide && { slide }) }
  async function save() {
    const saved = await attempt(async () => {
      await subjects.attest(subject.id, attestation())
      await onSaved()
    })
    if (saved) onClose()
  }
  return (
    <Form label="Attestation" busy={busy} failure={failure} send="Attest it" onSend={save} onClose={onClose}>
      <label>
        What
        {/* biome-ignore lint/a11y/noAutofocus: whoever opens the form goes on with its first field */}
        <select autoFocus value={kind} onChange={event => onKind(event.currentTarget.value as Kind)}>
          <option value="tumour-fraction">Tumour fraction</option>
          <option value="normal-fraction">Normal fraction</option>
          <option value="vital-status">Vital status</option>
        </select>
      </label>
      {kind === 'vital-status' ? (
        <div class="fields">
          <label>
            Status
            <select value={status} onChange={event => setStatus(event.currentTarget.value as typeof status)}>
              <option value="living">Living</option>
              <option value="deceased">Deceased</option>
            </select>
          </label>
          <label>
            Attested by
            <input
              required
              maxLength={100}
              placeholder="Registry, office or person"
              value={broker}
              onInput={event => setBroker(event.currentTarget.value)}
            />
          </label>
        </div>
      ) : (
        <div class="fields">
          <label>
            Percent
            <input
              type="number"
              required
              min={0}
              max={100}
              step="any"
              value={percent}
              onInput={event => setPercent(event.currentTarget.value)}
            />
          </label>
          <label>
            Of
            <select value={slide} onChange={event => setSlide(event.currentTarget.value)}>
              <option value="">All slides of the subject</option>
              {subject.slidesOf
                .filter(({ state }) => state !== 'gone')
                .map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name ?? id.slice(0, 8)}
                  </option>
                ))}
            </select>
          </label>
        </div>
      )}
      <p class="hint">You answer for this; your name is kept with it. No registration number belongs here.</p>
    </Form>
  )
}
