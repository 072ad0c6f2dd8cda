/** Accounts and their rights; pure. */
import type { Principal } from '@coverslip/platform/auth/principal.ts'
import type { Role } from '@coverslip/platform/auth/token.ts'

/** project -> role; `*` stands for every project. */
export type Roles = Readonly<Record<string, Role>>

export interface Account {
  id: string
  /** Lower case; where no address is known to be theirs, the id, which nobody can mail or invite. */
  email: string
  name: string
  /** What they were given here. */
  roles: Roles
  /** What the groups of the OpenID provider gave when they last signed in there: for sign-ins there alone. */
  provided: Roles
  /** Data-user level, 0 to 3. */
  level: number
  createdAt: Date
}

/** What they may do signed in at the provider: in each project what they were given here goes before what a group gives. */
export const allRoles = ({ roles, provided }: Pick<Account, 'roles' | 'provided'>): Roles => ({ ...provided, ...roles })

export const normalizeEmail = (email: string): string => email.trim().toLowerCase()

/** The role that counts in a project. A project may be called like a property of every object: `constructor`. */
export const roleIn = (roles: Roles, project: string): Role | undefined =>
  Object.hasOwn(roles, project) ? roles[project] : roles['*']

/** Whether there is an address that is known to be theirs. */
export const hasAddress = ({ email }: Pick<Account, 'email'>): boolean => email.includes('@')

export const ownsEverything = (roles: Roles): boolean => roles['*'] === 'owner'

const isOwnerOf = (roles: Roles, project: string): boolean =>
  Object.hasOwn(roles, project) && roles[project] === 'owner'

/**
 * Whether an inviter may hold a code that signs in as the account: it is their own, they own everything, or all that the
 * account may do is what they gave or could give it. Otherwise whoever owns one project could become anybody by
 * inviting them.
 */
export function mayHoldCode(inviter: Pick<Principal, 'userId' | 'roles'>, account: Account): boolean {
  if (inviter.userId === account.id || ownsEverything(inviter.roles)) return true
  return account.level === 0 && Object.keys(account.roles).every(project => isOwnerOf(inviter.roles, project))
}

/**
 * What credentials may hand on to new ones: what they carry themselves, as far as the account still has it. Whoever
 * invited the account may have held its first code; what was signed with that must not grow with the account.
 */
export function rightsCarried(
  { roles, level }: Pick<Principal, 'roles' | 'level'>,
  account: Pick<Account, 'roles' | 'provided' | 'level'>,
): { roles: Roles; level: number } {
  const has = allRoles(account)
  const still = Object.entries(roles).filter(([project, role]) => Object.hasOwn(has, project) && has[project] === role)
  return { roles: Object.fromEntries(still), level: Math.min(level, account.level) }
}

export interface Wish {
  project: string
  role: Role
  level: number
}
export interface NewRights {
  roles: Roles
  level: number
  /** Whether what was signed before says something else: it must be revoked. */
  revokes: boolean
  /** Whether the account may do more or less than before: codes made until then must not sign in to that. */
  changed: boolean
}

/**
 * What an existing account may do after an invitation. Who owns everything loses nothing by being invited into a
 * project; the level is for those to raise who own everything.
 */
export function rightsAfter(account: Account, wish: Wish, inviter: Pick<Principal, 'roles'>): NewRights {
  const before = roleIn(allRoles(account), wish.project)
  const stays = ownsEverything(account.roles) && wish.project !== '*'
  const roles = stays ? account.roles : { ...account.roles, [wish.project]: wish.role }
  const level = ownsEverything(inviter.roles) ? Math.max(wish.level, account.level) : account.level
  const now = roleIn(allRoles({ ...account, roles }), wish.project)
  const changed = now !== before || level !== account.level
  return { roles, level, revokes: before !== undefined && now !== before, changed }
}
