/** From what a provider says of somebody to what they may do here; pure. */
import { roleSchema } from '@coverslip/platform/auth/token.ts'
import { projectName } from '@coverslip/proto/api/schemas.ts'
import { z } from 'zod'
import type { Roles } from '../account.ts'

/** group -> project -> role. The group `*` is everybody whom the provider knows, the project `*` every project. */
export type RolesByGroup = Readonly<Record<string, Roles>>

const schema = z.record(z.string().min(1), z.record(projectName, roleSchema))

/** Reads the JSON of the setting. @returns null for anything else */
export function readRoles(text: string): RolesByGroup | null {
  try {
    return schema.parse(JSON.parse(text || '{}'))
  } catch {
    return null
  }
}

const ORDER = roleSchema.options

/** What all groups together give: in each project the role that may do most. */
export function rolesFrom(groups: readonly string[], byGroup: RolesByGroup): Roles {
  const given = new Map<string, Roles[string]>()
  for (const group of new Set(['*', ...groups])) {
    if (!Object.hasOwn(byGroup, group)) continue
    for (const [project, role] of Object.entries(byGroup[group]!)) {
      const known = given.get(project)
      if (!known || ORDER.indexOf(role) < ORDER.indexOf(known)) given.set(project, role)
    }
  }
  return Object.fromEntries(given)
}

/**
 * The groups that a provider names: a list, or one of them. A blank or comma is part of a name, since names may have both.
 * @param path of the claim; a dot leads into an object (`realm_access.roles`)
 */
export function groupsIn(claims: Record<string, unknown>, path: string): string[] {
  const value = path
    .split('.')
    .reduce<unknown>((inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), claims)
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Whether a role that was given before is gone or another one now: what was signed with it must end. */
export const losesRole = (before: Roles, now: Roles): boolean =>
  Object.entries(before).some(([project, role]) => !Object.hasOwn(now, project) || now[project] !== role)
