/** The owner account of a new installation, its sign-in link and its API token on disk. */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Account, normalizeEmail, ownsEverything } from './account.ts'
import { LIFE_SECONDS, signInLink } from './codes.ts'
import type { AccessDeps, Delivery } from './deps.ts'
import { makeCode } from './sign-in.ts'
import { findAccount, findOwner, findToken, listLiveTokens, lockAccount, saveRights } from './store.ts'
import { issue } from './tokens.ts'

const OWNER = { '*': 'owner' } as const

/** Makes the owner when nobody owns everything; replicas that start together make one. */
export async function ensureOwner(deps: AccessDeps): Promise<Account> {
  const email = normalizeEmail(deps.config.OWNER_EMAIL)
  return deps.db.transaction(async trx => {
    const owner = await findOwner(trx)
    if (owner) return owner
    const fresh = { id: randomUUID(), email, name: 'Owner', level: 0, createdAt: new Date() }
    const { account } = await lockAccount(trx, fresh)
    const roles = { ...account.roles, ...OWNER }
    await saveRights(trx, account.id, { roles, level: account.level })
    return { ...account, roles }
  })
}

/** Prints a sign-in link while the owner is signed in nowhere: whoever reads this terminal runs the installation. */
export async function printOwnerLink(deps: AccessDeps, delivery: Delivery, owner: Account): Promise<void> {
  const live = await listLiveTokens(deps.db.query, owner.id, new Date())
  if (live.some(({ kind }) => kind === 'session')) return
  const code = await makeCode(deps.db.query, owner.id, { lifeSeconds: LIFE_SECONDS.ownerLink, own: true })
  deps.log.info({ link: signInLink(delivery.publicUrl, code) }, 'sign in as the owner with this link; it works once')
}

/** Writes the owner's API token, unless the file holds one that still works. */
export async function keepOwnerToken(deps: AccessDeps, owner: Account): Promise<void> {
  const path = deps.config.OWNER_TOKEN_FILE
  if (!path) return
  if (await holdsGoodToken(deps, path)) return chmod(path, 0o600)
  const { token } = await issue(deps, deps.db.query, {
    account: owner,
    kind: 'token',
    label: 'Owner token file',
    lifeSeconds: LIFE_SECONDS.ownerToken,
  })
  await mkdir(dirname(path), { recursive: true })
  const part = `${path}.${process.pid}`
  await writeFile(part, `${token}\n`, { mode: 0o600 })
  await rename(part, path)
  deps.log.info({ path }, "the owner's API token was written")
}

async function holdsGoodToken(deps: AccessDeps, path: string): Promise<boolean> {
  let token: string
  try {
    token = (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return false
    throw error
  }
  // Whatever is wrong with it, a new one is the answer.
  const principal = await deps.auth.verify(token).catch(() => undefined)
  if (!principal) return false
  // Revocations are read from the bus later in the start; the table knows them now.
  const row = await findToken(deps.db.query, principal.tokenId)
  const account = await findAccount(deps.db.query, principal.userId)
  return row !== undefined && row.revoked_at === null && account !== undefined && ownsEverything(account.roles)
}
