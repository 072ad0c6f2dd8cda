/**
 * Who may do what: one table, one function. The question is always (who, site, project, action, resource); answers
 * depend on the caller's staff role in the project, on their data-user level, and on the slides a grant is limited to.
 */
import type { Action } from '@coverslip/proto/api.ts'
import type { Principal } from './principal.ts'
import type { Role } from './token.ts'

const VIEW: Action[] = ['slide.read', 'annotation.read']
const ANNOTATE: Action[] = [...VIEW, 'annotation.write']
/** What only the on-prem site answers: sources and subjects are there and nowhere else. */
const INTAKE: Action[] = ['intake.read', 'intake.write']
const SUBJECTS: Action[] = ['subject.read', 'subject.write', 'subject.withdraw', 'ledger.lookup']
const REVIEW: Action[] = ['review.read', 'review.decide']
const STEWARD: Action[] = [
  ...ANNOTATE,
  ...INTAKE,
  ...SUBJECTS,
  ...REVIEW,
  'slide.download',
  'slide.delete',
  'user.list',
  'stage.manage',
]

/** What staff may do in a project. */
export const ROLE_ACTIONS: Readonly<Record<Role, readonly Action[]>> = {
  owner: [...STEWARD, 'rules.write', 'user.invite', 'audit.read', 'costs.read'],
  steward: STEWARD,
  annotator: ANNOTATE,
  viewer: VIEW,
}

/**
 * What a data user (no staff role) may do by level: 0 nothing, 1 view, 2 annotate, 3 download as well. Levels rise by
 * agreements, which a project asks for.
 */
export const LEVEL_ACTIONS: readonly (readonly Action[])[] = [[], VIEW, ANNOTATE, [...ANNOTATE, 'slide.download']]

/** Things on-prem: only a session or token used at that site reaches them. */
const ONPREM_ONLY = new Set<Action>([...INTAKE, ...SUBJECTS, ...REVIEW, 'rules.write'])

export interface Question {
  principal: Principal
  site: string
  project: string
  action: Action
  slide?: string
}
/** `unknown`: the caller may not even know that the thing exists (404); `no`: they know it, but may not (403). */
export type Verdict = 'yes' | 'no' | 'unknown'

/** Decides one question; pure. */
export function decide({ principal, site, project, action, slide }: Question): Verdict {
  if (principal.slides && !(slide && principal.slides.includes(slide))) return 'unknown'
  const allowed = actionsIn(principal, project)
  if (allowed.length === 0) return 'unknown'
  if (ONPREM_ONLY.has(action) && site === 'cloud') return 'no'
  return allowed.includes(action) ? 'yes' : 'no'
}

/** The projects in which the caller may do `action`; `['*']` means all. */
export function projectsFor(principal: Principal, site: string, action: Action): string[] {
  // A project that nobody is a member of shows what the caller may do everywhere.
  if (decide({ principal, site, project: '*', action }) === 'yes') return ['*']
  return Object.keys(principal.roles).filter(project => decide({ principal, site, project, action }) === 'yes')
}

function actionsIn(principal: Principal, project: string): readonly Action[] {
  // A project may be called like a property of every object: `constructor`.
  const role = Object.hasOwn(principal.roles, project) ? principal.roles[project] : principal.roles['*']
  if (role) return ROLE_ACTIONS[role]
  return LEVEL_ACTIONS[principal.level] ?? []
}
