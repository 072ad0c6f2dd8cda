import type { Role } from '@coverslip/platform/auth/token.ts'
import type { Generated, Kysely, Selectable, Transaction } from 'kysely'
import type { Account, Roles } from './account.ts'

export type TokenKind = 'session' | 'token' | 'grant'
/** What the audit tells of an account. */
export type Deed =
  | 'signed-in'
  | 'signed-out'
  | 'refused'
  | 'link-sent'
  | 'invited'
  | 'role-changed'
  | 'token-created'
  | 'revoked'
  /** Their first sign-in at the OpenID provider. */
  | 'joined'

export interface AccessTables {
  accounts: { id: string; email: string; name: string; level: number; created_at: Date }
  memberships: { account_id: string; project: string; role: Role }
  identities: { issuer: string; subject: string; account_id: string }
  provided_memberships: { account_id: string; project: string; role: Role }
  provider_sign_ins: { hash: string; expires_at: Date }
  sign_in_codes: { hash: string; account_id: string; expires_at: Date; used_at: Date | null; own: boolean }
  tokens: TokensTable
  audit: { id: Generated<number>; at: Date; account_id: string | null; what: Deed }
  attempts: { key: string; count: number; forget_at: Date }
}
interface TokensTable {
  id: string
  account_id: string
  kind: TokenKind
  label: string
  created_at: Date
  expires_at: Date
  revoked_at: Date | null
}
export type TokenRow = Selectable<TokensTable>
type Query = Kysely<AccessTables>
type Trx = Transaction<AccessTables>

async function withRoles(query: Query, rows: Selectable<AccessTables['accounts']>[]): Promise<Account[]> {
  if (rows.length === 0) return []
  const ids = rows.map(row => row.id)
  const given = await query.selectFrom('memberships').selectAll().where('account_id', 'in', ids).execute()
  const provided = await query.selectFrom('provided_memberships').selectAll().where('account_id', 'in', ids).execute()
  return rows.map(({ id, email, name, level, created_at: createdAt }) => {
    const rolesOf = (all: typeof given): Roles =>
      Object.fromEntries(all.filter(one => one.account_id === id).map(({ project, role }) => [project, role]))
    return { id, email, name, roles: rolesOf(given), provided: rolesOf(provided), level, createdAt }
  })
}

export async function findAccount(query: Query, id: string): Promise<Account | undefined> {
  return (await withRoles(query, await query.selectFrom('accounts').selectAll().where('id', '=', id).execute()))[0]
}

export async function findAccountByEmail(query: Query, email: string): Promise<Account | undefined> {
  const rows = await query.selectFrom('accounts').selectAll().where('email', '=', email).execute()
  return (await withRoles(query, rows))[0]
}

export async function listAccounts(query: Query): Promise<Account[]> {
  return withRoles(query, await query.selectFrom('accounts').selectAll().orderBy('email').execute())
}

/** The account that has owned everything for longest. */
export async function findOwner(query: Query): Promise<Account | undefined> {
  const rows = await query
    .selectFrom('accounts')
    .innerJoin('memberships', 'memberships.account_id', 'accounts.id')
    .selectAll('accounts')
    .where('memberships.project', '=', '*')
    .where('memberships.role', '=', 'owner')
    .orderBy('accounts.created_at')
    .orderBy('accounts.id')
    .limit(1)
    .execute()
  return (await withRoles(query, rows))[0]
}

/** How many accounts own everything; locks them, so that two changes at once cannot remove the last. */
export async function countOwners(trx: Trx): Promise<number> {
  const rows = await trx
    .selectFrom('memberships')
    .select('account_id')
    .where('project', '=', '*')
    .where('role', '=', 'owner')
    .forUpdate()
    .execute()
  return rows.length
}

/** The account of an address under its row lock, made when there is none. */
export async function lockAccount(
  trx: Trx,
  account: Omit<Account, 'roles' | 'provided'>,
): Promise<{ account: Account; made: boolean }> {
  const { id, email, name, level, createdAt } = account
  const made = await trx
    .insertInto('accounts')
    .values({ id, email, name, level, created_at: createdAt })
    .onConflict(conflict => conflict.column('email').doNothing())
    .returning('id')
    .executeTakeFirst()
  const rows = await trx.selectFrom('accounts').selectAll().where('email', '=', email).forUpdate().execute()
  return { account: (await withRoles(trx, rows))[0]!, made: made !== undefined }
}

export async function saveRights(trx: Trx, id: string, rights: { roles: Roles; level: number }): Promise<void> {
  await trx.updateTable('accounts').set({ level: rights.level }).where('id', '=', id).execute()
  const rows = Object.entries(rights.roles).map(([project, role]) => ({ account_id: id, project, role }))
  if (rows.length === 0) return
  await trx
    .insertInto('memberships')
    .values(rows)
    .onConflict(conflict =>
      conflict.columns(['account_id', 'project']).doUpdateSet(({ ref }) => ({ role: ref('excluded.role') })),
    )
    .execute()
}

interface NewCode {
  hash: string
  accountId: string
  expiresAt: Date
  /** Whether nobody but the account's address gets it. */
  own: boolean
}

export async function addCode(query: Query, { hash, accountId, expiresAt, own }: NewCode): Promise<void> {
  await query
    .insertInto('sign_in_codes')
    .values({ hash, account_id: accountId, expires_at: expiresAt, used_at: null, own })
    .execute()
}

/** Takes back the codes that an account was made until now. */
export async function dropCodes(trx: Trx, accountId: string): Promise<void> {
  await trx.deleteFrom('sign_in_codes').where('account_id', '=', accountId).where('used_at', 'is', null).execute()
}

/** Uses a code up; of several at once one gets the account, the others nothing. */
export async function redeemCode(
  trx: Trx,
  hash: string,
  now: Date,
): Promise<{ account: Account; own: boolean } | undefined> {
  const redeemed = await trx
    .updateTable('sign_in_codes')
    .set({ used_at: now })
    .where('hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning(['account_id', 'own'])
    .executeTakeFirst()
  const account = redeemed && (await findAccount(trx, redeemed.account_id))
  return account && { account, own: redeemed.own }
}

export async function addToken(query: Query, token: Omit<TokenRow, 'revoked_at'>): Promise<void> {
  await query
    .insertInto('tokens')
    .values({ ...token, revoked_at: null })
    .execute()
}

export async function findToken(query: Query, id: string): Promise<TokenRow | undefined> {
  return query.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Those that still work, newest first. */
export async function listLiveTokens(query: Query, accountId: string, now: Date): Promise<TokenRow[]> {
  return query
    .selectFrom('tokens')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute()
}

export async function markRevoked(trx: Trx, ids: readonly string[], now: Date): Promise<void> {
  if (ids.length === 0) return
  await trx
    .updateTable('tokens')
    .set({ revoked_at: now })
    .where('id', 'in', ids)
    .where('revoked_at', 'is', null)
    .execute()
}

export async function addDeed(query: Query, accountId: string | null, what: Deed): Promise<void> {
  await query.insertInto('audit').values({ at: new Date(), account_id: accountId, what }).execute()
}

export async function listDeeds(query: Query, limit: number): Promise<Selectable<AccessTables['audit']>[]> {
  return query.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit).execute()
}

/** Counts one attempt under the key and tells how many there were until `forgetAt`. */
export async function countAttempt(query: Query, key: string, forgetAt: Date): Promise<number> {
  const { count } = await query
    .insertInto('attempts')
    .values({ key, count: 1, forget_at: forgetAt })
    .onConflict(conflict =>
      conflict.column('key').doUpdateSet(({ eb, ref }) => ({ count: eb(ref('attempts.count'), '+', 1) })),
    )
    .returning('count')
    .executeTakeFirstOrThrow()
  return count
}

/** Removes what can no longer be used. */
export async function purge(query: Query, now: Date): Promise<void> {
  await query.deleteFrom('sign_in_codes').where('expires_at', '<', now).execute()
  await query.deleteFrom('provider_sign_ins').where('expires_at', '<', now).execute()
  await query.deleteFrom('tokens').where('expires_at', '<', now).execute()
  await query.deleteFrom('attempts').where('forget_at', '<', now).execute()
}
