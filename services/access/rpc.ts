import { projectsFor } from '@coverslip/platform/auth/policy.ts'
import type { Principal } from '@coverslip/platform/auth/principal.ts'
import { roleSchema } from '@coverslip/platform/auth/token.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { RpcContext } from '@coverslip/platform/module.ts'
import type { AccessServiceImplementation, InviteRequest, Token, User } from '@coverslip/proto/gen/access/v1/access.ts'
import { type Account, allRoles, hasAddress } from './account.ts'
import type { AccessDeps, Delivery } from './deps.ts'
import { invite } from './invite.ts'
import type { Provider } from './provider/client.ts'
import { beginAtProvider, finishAtProvider } from './provider/sign-in.ts'
import { requestLink, signIn } from './sign-in.ts'
import { listAccounts, listDeeds, type TokenRow } from './store.ts'
import { callerAccount, createToken, issueGrant, myTokens, revokeToken } from './tokens.ts'

const DEFAULT_DEEDS = 200
const MAX_DEEDS = 1000

const seconds = (time: Date): bigint => BigInt(Math.floor(time.getTime() / 1000))

const toUser = (account: Account): User => ({
  userId: account.id,
  email: hasAddress(account) ? account.email : '',
  name: account.name,
  roles: { ...allRoles(account) },
  level: account.level,
  createdAt: account.createdAt.toISOString(),
})

const toToken = (row: Omit<TokenRow, 'revoked_at'>): Token => ({
  tokenId: row.id,
  label: row.label,
  kind: row.kind,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  userId: row.account_id,
})

function toWish({ email, name, project, role, level }: InviteRequest) {
  const known = roleSchema.safeParse(role)
  if (!known.success) throw new ServiceError('invalid', 'The role is one of owner, steward, annotator and viewer')
  if (!email.includes('@') || !project || level > 3) {
    throw new ServiceError('invalid', 'An invitation wants an e-mail address, a project and a level from 0 to 3')
  }
  return { email, name, project, role: known.data, level }
}

/** Accounts as far as the caller may know of them: members of the projects whose members they may list, as such. */
function visibleTo(accounts: Account[], principal: Principal, site: string): Account[] {
  const projects = projectsFor(principal, site, 'user.list')
  if (projects.includes('*')) return accounts
  return accounts.flatMap(account => {
    const shared = Object.entries(allRoles(account)).filter(([project]) => projects.includes(project))
    return shared.length > 0 ? [{ ...account, roles: Object.fromEntries(shared), provided: {} }] : []
  })
}

/** @param provider undefined where none is configured */
export function implementation(deps: AccessDeps, delivery: Delivery, provider: Provider | undefined) {
  const atProvider = (): Provider => {
    if (provider) return provider
    throw new ServiceError('unsupported', 'There is no sign-in of an organisation here')
  }
  return {
    async getSignInWays() {
      const { OIDC_NAME: name, OIDC_SIGN_OUT: signsOut, SIGN_IN_LINKS: links } = deps.config
      return { links, provider: provider ? name : '', providerSignOut: provider !== undefined && signsOut }
    },
    async beginProviderSignIn() {
      return beginAtProvider(deps, atProvider())
    },
    async finishProviderSignIn(came) {
      const { account, session } = await finishAtProvider(deps, atProvider(), came)
      return { session: session.token, expiresAt: seconds(session.row.expires_at), user: toUser(account) }
    },
    async getProviderSignOut() {
      return { url: await atProvider().signOutUrl() }
    },
    async signIn({ code }) {
      const { account, session } = await signIn(deps, code)
      return { session: session.token, expiresAt: seconds(session.row.expires_at), user: toUser(account) }
    },
    async requestSignInLink({ email }) {
      await requestLink(deps, delivery, email)
      return {}
    },
    async invite(request, { principal }) {
      const { account, code, mailed, expiresAt } = await invite(deps, delivery, principal, toWish(request))
      const [visible = account] = visibleTo([account], principal, deps.site)
      return { user: toUser(visible), code, mailed, expiresAt: seconds(expiresAt) }
    },
    getCaller: async (_, { principal }) => ({ user: toUser(await callerAccount(deps, principal)) }),
    async listUsers(_, { principal }) {
      const visible = visibleTo(await listAccounts(deps.db.query), principal, deps.site)
      return { users: visible.map(toUser) }
    },
    async createToken({ label, days }, { principal }) {
      const { token, row } = await createToken(deps, principal, { label, days })
      return { token, info: toToken(row) }
    },
    listTokens: async (_, { principal }) => ({ tokens: (await myTokens(deps, principal)).map(toToken) }),
    async revokeToken({ tokenId }, { principal }) {
      await revokeToken(deps, principal, tokenId)
      return {}
    },
    async issueGrant({ slideId, project }, { principal }) {
      const { token, row } = await issueGrant(deps, principal, { slideId, project })
      return { grant: token, expiresAt: seconds(row.expires_at) }
    },
    async listSignIns({ limit }) {
      const deeds = await listDeeds(deps.db.query, Math.min(limit || DEFAULT_DEEDS, MAX_DEEDS))
      const records = deeds.map(({ at, account_id, what }) => ({
        at: at.toISOString(),
        userId: account_id ?? '',
        what,
      }))
      return { records }
    },
  } satisfies AccessServiceImplementation<RpcContext>
}
