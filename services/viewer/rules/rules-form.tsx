import type { ProjectRules } from '@coverslip/proto/api/selection-rules.ts'
import { useState } from 'preact/hooks'
import { Form } from '../parts/form.tsx'
import { draftsOf, INFORMATION_FIELDS, type RuleDraft, rulesOf } from '../rules/draft.ts'
import { projectRules } from '../rules/remote.ts'
import { RULE_TITLES } from '../rules/wording.ts'
import { useAttempt } from '../use-answer.ts'
import { PresetForm } from './preset-form.tsx'

interface RulesFormProps {
  rules: ProjectRules
  onSaved(rules: ProjectRules): void
  onClose(): void
}

/** Every rule there is, to be switched on and filled in. */
export function RulesForm({ rules: { project, version, rules }, onSaved, onClose }: RulesFormProps) {
  const [drafts, setDrafts] = useState(() => draftsOf(rules))
  const { busy, failure, attempt } = useAttempt()
  const change = (changed: RuleDraft) => setDrafts(drafts.map(draft => (draft.rule === changed.rule ? changed : draft)))
  const save = () => attempt(async () => onSaved(await projectRules.set(project, { rules: rulesOf(drafts) }, version)))
  return (
    <>
      <PresetForm
        busy={busy}
        onChoose={collectedFrom =>
          void attempt(async () => onSaved(await projectRules.set(project, { preset: 'paip', collectedFrom }, version)))
        }
      />
      <Form
        label="Selection rules"
        class="box rules-form"
        busy={busy}
        failure={failure}
        send="Put in force"
        onSend={save}
        onClose={onClose}
      >
        <h2>Rules</h2>
        {drafts.map(draft => (
          <Rule key={draft.rule} draft={draft} onChange={change} />
        ))}
      </Form>
    </>
  )
}

interface RuleProps {
  draft: RuleDraft
  onChange(draft: RuleDraft): void
}
function Rule({ draft, onChange }: RuleProps) {
  const { rule, on } = draft
  return (
    <fieldset class={on ? 'rule on' : 'rule'}>
      <legend class="hidden">{RULE_TITLES[rule]}</legend>
      <label class="inline switch">
        <input
          type="checkbox"
          checked={on}
          onChange={event => onChange({ ...draft, on: event.currentTarget.checked })}
        />
        <b>{RULE_TITLES[rule]}</b>
      </label>
      {on ? <Values draft={draft} onChange={onChange} /> : null}
    </fieldset>
  )
}

const FROM_A_DAY = new Set<RuleDraft['rule']>([
  'consent',
  'consent-version',
  'consent-scope',
  'international-use',
  'commercial-use',
])

/** What a rule wants to know. */
function Values({ draft, onChange }: RuleProps) {
  const { rule } = draft
  const text = (name: 'collectedFrom' | 'atLeast' | 'terms' | 'brokers') => ({
    value: draft[name],
    onInput: (event: { currentTarget: HTMLInputElement }) => onChange({ ...draft, [name]: event.currentTarget.value }),
  })
  return (
    <div class="fields">
      {rule === 'consent-version' ? (
        <label>
          At least version
          <input required pattern="[0-9]{1,4}(\.[0-9]{1,4}){0,3}" title="Such as 2.1" {...text('atLeast')} />
        </label>
      ) : null}
      {rule === 'tumour-fraction' || rule === 'normal-fraction' ? (
        <label>
          At least (percent)
          <input type="number" required min={0} max={100} step="any" {...text('atLeast')} />
        </label>
      ) : null}
      {rule === 'consent-scope' ? (
        <label>
          Contains the terms (Data Use Ontology)
          <input required placeholder="DUO:0000042" {...text('terms')} />
        </label>
      ) : null}
      {rule === 'vital-status' ? (
        <label>
          Attested by one of
          <input placeholder="Anybody who is named; else names, separated by ;" {...text('brokers')} />
        </label>
      ) : null}
      {FROM_A_DAY.has(rule) ? (
        <label>
          For material collected since
          <input type="date" title="Empty: for all material" {...text('collectedFrom')} />
        </label>
      ) : null}
      {rule === 'information' ? <Fields draft={draft} onChange={onChange} /> : null}
    </div>
  )
}

function Fields({ draft, onChange }: RuleProps) {
  return (
    <div class="checks">
      {INFORMATION_FIELDS.map(field => (
        <label key={field} class="inline">
          <input
            type="checkbox"
            checked={draft.fields.includes(field)}
            onChange={event => {
              const others = draft.fields.filter(one => one !== field)
              onChange({ ...draft, fields: event.currentTarget.checked ? [...others, field] : others })
            }}
          />
          {field}
        </label>
      ))}
    </div>
  )
}
