import { type Kysely, sql, type Transaction } from 'kysely'
import type { Account, Roles } from '../account.ts'
import { type AccessTables, findAccount } from '../store.ts'

type Trx = Transaction<AccessTables>

/** A sign-in that begins. @param hash of the secret that its browser was given */
export async function addBeginning(query: Kysely<AccessTables>, hash: string, expiresAt: Date): Promise<void> {
  await query.insertInto('provider_sign_ins').values({ hash, expires_at: expiresAt }).execute()
}

/** Uses a beginning up: false when there is none (any more), and for all but one of several at once. */
export async function takeBeginning(query: Kysely<AccessTables>, hash: string, now: Date): Promise<boolean> {
  const taken = await query
    .deleteFrom('provider_sign_ins')
    .where('hash', '=', hash)
    .returning('expires_at')
    .executeTakeFirst()
  return taken !== undefined && taken.expires_at > now
}

/** The account of somebody at a provider, under its row lock. */
export async function findKnown(trx: Trx, issuer: string, subject: string): Promise<Account | undefined> {
  // Two first sign-ins at once make one account.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`access:${issuer} ${subject}`}, 0))`.execute(trx)
  const row = await trx
    .selectFrom('identities')
    .innerJoin('accounts', 'accounts.id', 'identities.account_id')
    .select('accounts.id')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .forUpdate()
    .executeTakeFirst()
  return row && findAccount(trx, row.id)
}

/** Whether the account is somebody at this provider. */
export async function isKnown(trx: Trx, issuer: string, accountId: string): Promise<boolean> {
  const rows = await trx
    .selectFrom('identities')
    .select('subject')
    .where('issuer', '=', issuer)
    .where('account_id', '=', accountId)
    .execute()
  return rows.length > 0
}

export async function addIdentity(trx: Trx, issuer: string, subject: string, accountId: string): Promise<void> {
  await trx.insertInto('identities').values({ issuer, subject, account_id: accountId }).execute()
}

/** What the provider's groups give is what they gave last. */
export async function saveProvided(trx: Trx, account: Account, provided: Roles): Promise<Account> {
  await trx.deleteFrom('provided_memberships').where('account_id', '=', account.id).execute()
  const rows = Object.entries(provided).map(([project, role]) => ({ account_id: account.id, project, role }))
  if (rows.length > 0) await trx.insertInto('provided_memberships').values(rows).execute()
  return { ...account, provided }
}
