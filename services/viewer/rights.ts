/**
 * Which buttons to show. The server decides what is allowed; this only keeps people from pressing what would be
 * refused.
 */
import type { User } from '@coverslip/proto/api.ts'

const roleIn = (user: User, project: string) => user.roles[project] ?? user.roles['*']

export const mayAnnotate = (user: User, project: string): boolean => {
  const role = roleIn(user, project)
  return role ? role !== 'viewer' : user.level >= 2
}
export const mayDownload = (user: User, project: string): boolean => {
  const role = roleIn(user, project)
  return role ? role === 'owner' || role === 'steward' : user.level >= 3
}
const STEWARDS = new Set(['owner', 'steward'])
export const maySteward = (user: User, project?: string): boolean =>
  project ? STEWARDS.has(roleIn(user, project) ?? '') : Object.values(user.roles).some(role => STEWARDS.has(role))
export const mayInvite = (user: User): boolean => Object.values(user.roles).includes('owner')
/** What everything together costs is nobody's business who owns a part. */
export const mayCosts = (user: User): boolean => user.roles['*'] === 'owner'
/** Rules, gate, names, and the ledger's switch. */
export const mayRule = (user: User, project: string): boolean => roleIn(user, project) === 'owner'
