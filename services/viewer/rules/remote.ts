/** The selection rules of a project, on the API. */
import type { ProjectRules, RulesPreset, SelectionRule } from '@coverslip/proto/api/selection-rules.ts'
import { json } from '../api.ts'

const path = (project: string) => `/api/projects/${project}/selection-rules`

type Change = { rules: SelectionRule[] } | { preset: RulesPreset; collectedFrom: string }

export const projectRules = {
  get: (project: string) => json<ProjectRules>(path(project)),
  /** @param ifVersion the version that was looked at: refused when somebody else was faster */
  set: (project: string, change: Change, ifVersion: number) =>
    json<ProjectRules>(path(project), { method: 'PUT', json: { ...change, ifVersion } }),
}
