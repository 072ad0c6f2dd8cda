import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Kysely } from 'kysely'
import { type Account, normalizeEmail } from './account.ts'
import { countLinkRequest } from './attempts.ts'
import { hashOf, LIFE_SECONDS, newCode, signInLink } from './codes.ts'
import type { AccessDeps, Delivery } from './deps.ts'
import { signInMail } from './mail.ts'
import { type AccessTables, addCode, addDeed, findAccountByEmail, redeemCode } from './store.ts'
import { type Issued, issue } from './tokens.ts'

/**
 * Redeems a one-time code for a session.
 * @throws ServiceError `unauthenticated` for a code that is wrong, used or too old
 */
export async function signIn(deps: AccessDeps, code: string): Promise<{ account: Account; session: Issued }> {
  const signedIn = await deps.db.transaction(async trx => {
    const redeemed = await redeemCode(trx, hashOf(code), new Date())
    if (!redeemed) return undefined
    const { account, own: ownLink } = redeemed
    const wish = { kind: 'session', label: 'Browser session', lifeSeconds: LIFE_SECONDS.session } as const
    const person = { ownLink, accountSince: account.createdAt, site: deps.site }
    const session = await issue(deps, trx, { ...wish, account, ...person })
    await addDeed(trx, account.id, 'signed-in')
    return { account, session }
  })
  if (signedIn) return signedIn
  await addDeed(deps.db.query, null, 'refused')
  throw new ServiceError('unauthenticated', 'This sign-in link was used already or is too old; ask for a new one')
}

/**
 * Sends a link when the address has an account. Answer and time are the same when it has none: sending goes on after
 * the answer.
 * @throws ServiceError `too-many`
 */
export async function requestLink(deps: AccessDeps, delivery: Delivery, address: string): Promise<void> {
  if (!deps.config.SIGN_IN_LINKS) throw new ServiceError('unsupported', 'Nobody signs in by links here')
  const email = normalizeEmail(address)
  await countLinkRequest(deps.db.query, email, new Date())
  const account = await findAccountByEmail(deps.db.query, email)
  if (account) delivery.background(sendLink(deps, delivery, account))
}

async function sendLink(deps: AccessDeps, delivery: Delivery, account: Account): Promise<void> {
  const prints = deps.config.PRINT_SIGN_IN_LINKS
  if (!delivery.mail && !prints) return
  const code = await makeCode(deps.db.query, account.id, { lifeSeconds: LIFE_SECONDS.link, own: true })
  const link = signInLink(delivery.publicUrl, code)
  await addDeed(deps.db.query, account.id, 'link-sent')
  if (delivery.mail) await delivery.mail(signInMail(account.email, link, LIFE_SECONDS.link / 60))
  else deps.log.info({ link }, 'somebody asked for a sign-in link; it works once, within 15 minutes')
}

/** A new one-time code of an account; kept as a hash. @param wish.own whether nobody but the account's address gets it */
export async function makeCode(
  query: Kysely<AccessTables>,
  accountId: string,
  { lifeSeconds, own }: { lifeSeconds: number; own: boolean },
): Promise<string> {
  const code = newCode()
  const expiresAt = new Date(Date.now() + lifeSeconds * 1000)
  await addCode(query, { hash: hashOf(code), accountId, expiresAt, own })
  return code
}
