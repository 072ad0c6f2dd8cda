import type { ProjectRules } from '@coverslip/proto/api/selection-rules.ts'
import type { RefObject } from 'preact'
import { useState } from 'preact/hooks'
import { Answered } from '../parts/answered.tsx'
import { useReturnFocus } from '../parts/return-focus.ts'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { mayRule } from '../rights.ts'
import { projectRules } from '../rules/remote.ts'
import { RulesForm } from '../rules/rules-form.tsx'
import { RULE_TITLES, sayRule } from '../rules/wording.ts'
import { useAnswer } from '../use-answer.ts'
import type { InProject } from './project.tsx'

/** Which material of a project may be used. */
export function RulesPage({ project, user, nameOf, notices }: InProject) {
  const answer = useAnswer(project, () => projectRules.get(project))
  const [editing, setEditing] = useState(false)
  const opener = useReturnFocus(editing)
  return (
    <>
      <h1>Selection rules</h1>
      <p class="lead">
        A slide goes on when every rule is met. What is unknown does not meet a rule: the slide is held, and the rule
        named.
      </p>
      <Answered answer={answer}>
        {rules =>
          editing ? (
            <RulesForm
              rules={rules}
              onSaved={saved => {
                answer.put(saved)
                setEditing(false)
                notices.show('The rules are in force. What is held is looked at again.')
              }}
              onClose={() => setEditing(false)}
            />
          ) : (
            <InForce
              rules={rules}
              nameOf={nameOf}
              opener={opener}
              onEdit={mayRule(user, project) ? () => setEditing(true) : null}
            />
          )
        }
      </Answered>
    </>
  )
}

interface InForceProps {
  rules: ProjectRules
  nameOf: NameOf
  opener: RefObject<HTMLButtonElement | null>
  onEdit: (() => void) | null
}
function InForce({ rules: { rules, version, changedBy, changedAt }, nameOf, opener, onEdit }: InForceProps) {
  return (
    <section class="box">
      <header>
        <h2>In force</h2>
        {onEdit ? (
          <button ref={opener} type="button" onClick={onEdit}>
            Change the rules
          </button>
        ) : null}
      </header>
      {rules.length === 0 ? (
        <p class="warning">
          There are no rules: every slide goes on, with or without consent. Only those of subjects who have withdrawn
          are held.
        </p>
      ) : (
        <dl class="facts-list wide">
          {rules.map(rule => (
            <div key={rule.rule}>
              <dt>{RULE_TITLES[rule.rule]}</dt>
              <dd>{sayRule(rule)}.</dd>
            </div>
          ))}
        </dl>
      )}
      <p class="hint">
        {version === 0 || !changedAt ? (
          'Nobody has set rules for this project yet.'
        ) : (
          <>
            Version {version}, by {nameOf(changedBy ?? '')}, <Time at={changedAt} />
          </>
        )}
        {onEdit ? '' : ' Owners of the project change them.'}
      </p>
    </section>
  )
}
