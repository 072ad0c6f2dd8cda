/** The selection rules of a project. */
import type { HttpHandler } from '@coverslip/platform/module.ts'
import type { RulesPreset, SelectionRule } from '@coverslip/proto/api/selection-rules.ts'
import { record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { presetRules } from '../rules/presets.ts'
import { rulesOf, setRules } from '../rules/project-rules.ts'
import { projectOfCall } from './permission.ts'

export const getRules =
  ({ db }: SubjectsDeps): HttpHandler =>
  async call => {
    const project = projectOfCall(call)
    return { body: await rulesOf(db.query, project) }
  }

type Body = { ifVersion?: number } & ({ rules: SelectionRule[] } | { preset: RulesPreset; collectedFrom?: string })

export const putRules =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const project = projectOfCall(call)
    const body = call.body as Body
    const rules = 'preset' in body ? presetRules(body.preset, body.collectedFrom) : body.rules
    const user = call.principal.userId
    const set = await deps.db.transaction(async trx => {
      const set = await setRules(trx, { project, rules, ifVersion: body.ifVersion, user })
      await deps.publish(trx, 'subjects.changed', { project })
      const what = { version: set.version, rules: rules.map(({ rule }) => rule) }
      await record(trx, deps.root, { actor: user, project, action: 'rules.changed', what })
      return set
    })
    return { body: set }
  }
