/** Signing in at the organisation's OpenID provider. */
import { randomUUID } from 'node:crypto'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Transaction } from 'kysely'
import { type Account, allRoles, normalizeEmail, type Roles } from '../account.ts'
import { hashOf, LIFE_SECONDS, newCode } from '../codes.ts'
import type { AccessDeps } from '../deps.ts'
import { type AccessTables, addDeed, findAccountByEmail, lockAccount } from '../store.ts'
import { type Issued, issue, revokeAll } from '../tokens.ts'
import type { Provider } from './client.ts'
import { groupsIn, losesRole, rolesFrom } from './roles.ts'
import { proofsOf } from './secrets.ts'
import { addBeginning, addIdentity, findKnown, isKnown, saveProvided, takeBeginning } from './store.ts'

/** @throws ServiceError `unavailable` while the provider is away */
export async function beginAtProvider(
  deps: AccessDeps,
  provider: Provider,
): Promise<{ url: string; secret: string; lifeSeconds: number }> {
  const secret = newCode()
  const url = await provider.signInUrl(proofsOf(secret))
  const lifeSeconds = LIFE_SECONDS.atProvider
  await addBeginning(deps.db.query, hashOf(secret), new Date(Date.now() + lifeSeconds * 1000))
  return { url, secret, lifeSeconds }
}

/**
 * A session for whoever came back from the provider with the browser that was sent there.
 * @throws ServiceError `unauthenticated`, `forbidden` for somebody who may have no account, `unavailable`
 */
export async function finishAtProvider(
  deps: AccessDeps,
  provider: Provider,
  { secret, query }: { secret: string; query: string },
): Promise<{ account: Account; session: Issued }> {
  try {
    if (!(await takeBeginning(deps.db.query, hashOf(secret), new Date()))) {
      throw new ServiceError('unauthenticated', 'Signing in took too long, or went on in another window; try again')
    }
    const identity = identityIn(await provider.claims(query, proofsOf(secret)), deps.config)
    return await deps.db.transaction(trx => enter(deps, trx, identity))
  } catch (error) {
    await addDeed(deps.db.query, null, 'refused')
    throw error
  }
}

interface Identity {
  issuer: string
  subject: string
  name: string
  /** Only one that is known to be theirs. */
  email: string | undefined
  groups: string[]
}

function identityIn(
  claims: Record<string, unknown> & { iss: string; sub: string },
  { OIDC_GROUPS_CLAIM: groups, OIDC_TRUST_EMAIL: trusted }: AccessDeps['config'],
): Identity {
  const text = (name: string): string => (typeof claims[name] === 'string' ? claims[name].trim().slice(0, 200) : '')
  const email = text('email').includes('@') && (trusted || claims.email_verified === true) ? text('email') : undefined
  return {
    issuer: claims.iss,
    subject: claims.sub,
    name: text('name') || text('preferred_username') || 'Without a name',
    email: email && normalizeEmail(email),
    groups: groupsIn(claims, groups),
  }
}

async function enter(
  deps: AccessDeps,
  trx: Transaction<AccessTables>,
  identity: Identity,
): Promise<{ account: Account; session: Issued }> {
  const given = rolesFrom(identity.groups, deps.config.OIDC_ROLES)
  const before = await accountOf(trx, identity, given)
  const account = await saveProvided(trx, before, given)
  if (losesRole(allRoles(before), allRoles(account))) {
    await revokeAll(deps, trx, account.id)
    await addDeed(trx, account.id, 'role-changed')
  }
  const session = await issue(deps, trx, {
    kind: 'session',
    label: 'Browser session',
    lifeSeconds: LIFE_SECONDS.session,
    account: { ...account, roles: allRoles(account) },
    // Whoever invited the account was given nothing that signs in there.
    ownLink: true,
    idp: identity.issuer,
    accountSince: account.createdAt,
    site: deps.site,
  })
  await addDeed(trx, account.id, 'signed-in')
  return { account, session }
}

/**
 * The account of somebody at the provider: the one that they had before, else the one that was invited by their address,
 * else a new one.
 * @throws ServiceError `forbidden` when neither an invitation nor a group gives them anything
 */
async function accountOf(trx: Transaction<AccessTables>, identity: Identity, given: Roles): Promise<Account> {
  const { issuer, subject } = identity
  const known = await findKnown(trx, issuer, subject)
  if (known) return known
  const address = await freeAddress(trx, identity)
  const invited = address ? await findAccountByEmail(trx, address) : undefined
  if (!invited && Object.keys(given).length === 0) {
    throw new ServiceError('forbidden', 'You have no account here; ask somebody who has one to invite you')
  }
  const id = randomUUID()
  const fresh = { id, email: address ?? id, name: identity.name, level: 0, createdAt: new Date() }
  const { account } = await lockAccount(trx, fresh)
  await addIdentity(trx, issuer, subject, account.id)
  await addDeed(trx, account.id, 'joined')
  return account
}

/** Addresses are handed on: one that belongs to somebody else of the same provider says nothing of this one. */
async function freeAddress(trx: Transaction<AccessTables>, { issuer, email }: Identity): Promise<string | undefined> {
  const owner = email && (await findAccountByEmail(trx, email))
  return owner && (await isKnown(trx, issuer, owner.id)) ? undefined : email
}
