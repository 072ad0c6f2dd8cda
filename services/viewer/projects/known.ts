/** Which projects somebody can choose from. Nobody keeps a list of them: a project is there once it is named. */
import type { User } from '@coverslip/proto/api.ts'
import { mayRule, maySteward } from '../rights.ts'

const SHELF_KEY = 'coverslip.projects'
const REMEMBERED = 30

type Shelf = Pick<Storage, 'getItem' | 'setItem'>

/** Projects that were chosen in this browser, the last one first. */
export function rememberedProjects(shelf: Shelf): string[] {
  try {
    const kept: unknown = JSON.parse(shelf.getItem(SHELF_KEY) ?? '[]')
    return Array.isArray(kept) ? kept.filter(name => typeof name === 'string') : []
  } catch {
    return []
  }
}

export function rememberProject(shelf: Shelf, project: string): void {
  const others = rememberedProjects(shelf).filter(name => name !== project)
  shelf.setItem(SHELF_KEY, JSON.stringify([project, ...others].slice(0, REMEMBERED)))
}

/** By name: the projects whose steward somebody is, and, of those that were seen or chosen here, the ones they may enter. */
export function stewardedProjects(user: User, seen: readonly string[]): string[] {
  const named = Object.keys(user.roles).filter(project => project !== '*')
  const all = [...named, ...seen, ...(maySteward(user, 'default') ? ['default'] : [])]
  return [...new Set(all)].filter(project => maySteward(user, project)).sort()
}

/** By name: the projects whose owner somebody is; `*` first, for every project. */
export const ownedProjects = (user: User, seen: readonly string[]): string[] =>
  [...new Set(['*', 'default', ...Object.keys(user.roles), ...seen])].filter(project => mayRule(user, project)).sort()

/** The project to begin with: the one chosen last, else `default`, else the first. */
export const projectToBeginWith = (projects: readonly string[], remembered: readonly string[]): string =>
  remembered.find(name => projects.includes(name)) ??
  (projects.includes('default') ? 'default' : (projects[0] ?? 'default'))
