/** Signed tokens: issued, listed, revoked. Only their ids are kept. */
import { decide } from '@coverslip/platform/auth/policy.ts'
import type { Principal } from '@coverslip/platform/auth/principal.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Kysely, Transaction } from 'kysely'
import { type Account, ownsEverything, rightsCarried } from './account.ts'
import { DEFAULT_TOKEN_DAYS, LIFE_SECONDS, MAX_TOKEN_DAYS } from './codes.ts'
import type { AccessDeps } from './deps.ts'
import {
  type AccessTables,
  addDeed,
  addToken,
  findAccount,
  findToken,
  listLiveTokens,
  markRevoked,
  type TokenKind,
  type TokenRow,
} from './store.ts'

export interface Issued {
  token: string
  row: Omit<TokenRow, 'revoked_at'>
}
interface TokenWish {
  account: Pick<Account, 'id' | 'roles' | 'level'>
  kind: TokenKind
  label: string
  lifeSeconds: number
  slides?: string[]
  /** The id of the token that it is made with, and ends with. */
  via?: string
  /** Whether the sign-in behind it was by a link that nobody else was given. */
  ownLink?: boolean
  /** The issuer, when they signed in at an OpenID provider. */
  idp?: string | undefined
  accountSince?: Date | undefined
  /** Of the account. */
  site?: string | undefined
}

/** Signs a token and remembers its id. */
export async function issue(deps: AccessDeps, query: Kysely<AccessTables>, wish: TokenWish): Promise<Issued> {
  const { account, kind, label, lifeSeconds, slides, via, ownLink, idp, accountSince, site } = wish
  const rights = { sub: account.id, roles: { ...account.roles }, level: account.level }
  const { token, claims } = await deps.auth.sign({
    ...rights,
    kind,
    lifeSeconds,
    ...(slides && { slides }),
    ...(via && { via }),
    ...(ownLink && { ownLink }),
    ...(idp && { idp }),
    ...(site && { site }),
    ...(accountSince && { accountSince: Math.floor(accountSince.getTime() / 1000) }),
  })
  const row = {
    id: claims.jti,
    account_id: account.id,
    kind,
    label,
    created_at: new Date(claims.iat * 1000),
    expires_at: new Date(claims.exp * 1000),
  }
  await addToken(query, row)
  return { token, row }
}

/**
 * The caller's account; for credentials that were signed for no account of this site, what they say themselves.
 * @throws ServiceError `forbidden` for a grant
 */
export async function callerAccount(deps: AccessDeps, { kind, userId, roles, level }: Principal): Promise<Account> {
  if (kind === 'grant') throw new ServiceError('forbidden', 'A grant for a slide opens nothing else')
  const account = await findAccount(deps.db.query, userId)
  return account ?? { id: userId, email: '', name: userId, roles, provided: {}, level, createdAt: new Date() }
}

/**
 * An API token with what the caller's credentials carry. One that is made with another token never outlives it, so that a
 * stolen one cannot prolong itself.
 * @param days 0: the default
 */
export async function createToken(
  deps: AccessDeps,
  principal: Principal,
  wish: { label: string; days: number },
): Promise<Issued> {
  const days = wish.days || DEFAULT_TOKEN_DAYS
  if (days > MAX_TOKEN_DAYS) throw new ServiceError('invalid', `A token lives at most ${MAX_TOKEN_DAYS} days`)
  const account = await callerAccount(deps, principal)
  return deps.db.transaction(async trx => {
    const asked = Math.min(days, principal.idp ? deps.config.OIDC_TOKEN_DAYS : MAX_TOKEN_DAYS) * 86_400
    const lifeSeconds = principal.kind === 'token' ? Math.min(asked, secondsLeft(principal)) : asked
    const rights = { id: account.id, ...rightsCarried(principal, account) }
    const carried = {
      ownLink: principal.ownLink,
      idp: principal.idp,
      accountSince: principal.accountSince,
      site: principal.site,
    }
    const made = { account: rights, kind: 'token', label: wish.label, lifeSeconds, ...carried } as const
    const issued = await issue(deps, trx, made)
    await addDeed(trx, account.id, 'token-created')
    return issued
  })
}

const secondsLeft = ({ expiresAt }: Principal): number =>
  Math.max(1, Math.floor((expiresAt.getTime() - Date.now()) / 1000))

/** Grants last minutes and are not listed. */
export async function myTokens(deps: AccessDeps, principal: Principal): Promise<TokenRow[]> {
  const { id } = await callerAccount(deps, principal)
  const live = await listLiveTokens(deps.db.query, id, new Date())
  return live.filter(({ kind }) => kind !== 'grant')
}

/** Lets its bearer see the tiles of one slide; never outlives the credentials that it was asked for with. */
export async function issueGrant(
  deps: AccessDeps,
  principal: Principal,
  { slideId, project }: { slideId: string; project: string },
): Promise<Issued> {
  if (principal.kind === 'grant') throw new ServiceError('forbidden', 'A grant cannot be prolonged by itself')
  const verdict = decide({ principal, site: deps.site, project, action: 'slide.read', slide: slideId })
  if (verdict !== 'yes') throw new ServiceError('not-found', 'There is no such slide')
  return issue(deps, deps.db.query, {
    account: { id: principal.userId, roles: { [project]: 'viewer' }, level: 0 },
    kind: 'grant',
    label: 'tiles',
    lifeSeconds: Math.min(LIFE_SECONDS.grant, secondsLeft(principal)),
    slides: [slideId],
    via: principal.tokenId,
  })
}

/**
 * Revokes a token of the caller, or of anybody for who owns everything. Revoking again is fine.
 * @throws ServiceError `not-found` for a token that the caller may not know of
 */
export async function revokeToken(deps: AccessDeps, principal: Principal, tokenId: string): Promise<void> {
  const row = await findToken(deps.db.query, tokenId)
  const own = tokenId === principal.tokenId
  const mine = own || row?.account_id === principal.userId || ownsEverything(principal.roles)
  if (!mine || (!row && !own) || (principal.kind === 'grant' && !own)) {
    throw new ServiceError('not-found', 'There is no such token')
  }
  if (row?.revoked_at) return
  await deps.db.transaction(async trx => {
    const now = new Date()
    await markRevoked(trx, [tokenId], now)
    await addDeed(trx, row?.account_id ?? principal.userId, own ? 'signed-out' : 'revoked')
    await tellRevoked(deps, trx, tokenId, now, row?.expires_at ?? principal.expiresAt)
  })
}

/** Revokes all that an account was issued until now. */
export async function revokeAll(deps: AccessDeps, trx: Transaction<AccessTables>, accountId: string): Promise<void> {
  const now = new Date()
  const second = Math.floor(now.getTime() / 1000)
  const live = await listLiveTokens(trx, accountId, now)
  await markRevoked(
    trx,
    live.map(({ id }) => id),
    now,
  )
  await deps.publish(trx, 'access.revoked', {
    what: { $case: 'userId', value: accountId },
    at: BigInt(second),
    forgetAt: BigInt(second + MAX_TOKEN_DAYS * 86_400),
  })
  // Tokens know the second of their issue: `before` leaves out those of this very second, so they are named.
  for (const { id, created_at, expires_at } of live) {
    if (created_at.getTime() >= second * 1000) await tellRevoked(deps, trx, id, now, expires_at)
  }
}

async function tellRevoked(
  deps: AccessDeps,
  trx: Transaction<AccessTables>,
  tokenId: string,
  at: Date,
  expiresAt: Date,
): Promise<void> {
  await deps.publish(trx, 'access.revoked', {
    what: { $case: 'tokenId', value: tokenId },
    at: BigInt(Math.floor(at.getTime() / 1000)),
    forgetAt: BigInt(Math.ceil(expiresAt.getTime() / 1000)),
  })
}
