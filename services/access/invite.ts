import { randomUUID } from 'node:crypto'
import type { Principal } from '@coverslip/platform/auth/principal.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Transaction } from 'kysely'
import { type Account, mayHoldCode, normalizeEmail, ownsEverything, rightsAfter, type Wish } from './account.ts'
import { LIFE_SECONDS, signInLink } from './codes.ts'
import type { AccessDeps, Delivery } from './deps.ts'
import { signInMail } from './mail.ts'
import { makeCode } from './sign-in.ts'
import { type AccessTables, addDeed, countOwners, dropCodes, lockAccount, saveRights } from './store.ts'
import { revokeAll } from './tokens.ts'

export interface Invitation {
  account: Account
  /** Empty when the inviter must not hold it. */
  code: string
  mailed: boolean
  expiresAt: Date
}

/**
 * Makes an account or gives an existing one its role in the project; a role that changed revokes what was signed before.
 * @throws ServiceError `conflict` when nobody would own everything any more
 */
export async function invite(
  deps: AccessDeps,
  delivery: Delivery,
  inviter: Principal,
  wish: Wish & { email: string; name: string },
): Promise<Invitation> {
  const expiresAt = new Date(Date.now() + LIFE_SECONDS.invitation * 1000)
  // One transaction: who may hold the code is decided by the very rights that it signs in to.
  const { account, holds, code } = await deps.db.transaction(async trx => {
    const account = await admit(deps, trx, inviter, wish)
    const holds = mayHoldCode(inviter, account)
    const link = { lifeSeconds: LIFE_SECONDS.invitation, own: !holds }
    const linked = deps.config.SIGN_IN_LINKS && (holds || delivery.mail)
    const code = linked ? await makeCode(trx, account.id, link) : ''
    return { account, holds, code }
  })
  if (!code) return { account, code, mailed: false, expiresAt }
  const mail = signInMail(account.email, signInLink(delivery.publicUrl, code), LIFE_SECONDS.invitation / 60)
  const mailed = delivery.mail ? await delivered(deps, delivery.mail(mail)) : false
  return { account, code: holds ? code : '', mailed, expiresAt }
}

async function admit(
  deps: AccessDeps,
  trx: Transaction<AccessTables>,
  inviter: Principal,
  wish: Wish & { email: string; name: string },
): Promise<Account> {
  const email = normalizeEmail(wish.email)
  const name = wish.name || email.slice(0, email.lastIndexOf('@'))
  const fresh = { id: randomUUID(), email, name, level: 0, createdAt: new Date() }
  const { account } = await lockAccount(trx, fresh)
  const rights = rightsAfter(account, wish, inviter)
  if (ownsEverything(account.roles) && !ownsEverything(rights.roles) && (await countOwners(trx)) < 2) {
    throw new ServiceError('conflict', 'This is the only account that owns everything; make another owner first')
  }
  await saveRights(trx, account.id, rights)
  if (rights.changed) await dropCodes(trx, account.id)
  if (rights.revokes) {
    await revokeAll(deps, trx, account.id)
    await addDeed(trx, account.id, 'role-changed')
  }
  await addDeed(trx, account.id, 'invited')
  return { ...account, roles: rights.roles, level: rights.level }
}

/** An invitation stands whether or not its mail went out: the answer says which. */
async function delivered(deps: AccessDeps, sending: Promise<void>): Promise<boolean> {
  try {
    await sending
    return true
  } catch (error) {
    deps.log.warn({ err: error }, 'the mail server did not take an invitation')
    return false
  }
}
