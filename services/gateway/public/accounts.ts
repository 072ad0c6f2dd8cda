/** Accounts and API tokens. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpRoutes } from '@coverslip/platform/module.ts'
import type { Token } from '@coverslip/proto/gen/access/v1/access.ts'
import { projectsOf } from '../missing.ts'
import type { Clients, PublicDeps } from './clients.ts'
import { toUser } from './session.ts'

const toTokenInfo = ({ tokenId, label, kind, createdAt, expiresAt }: Token) => ({
  id: tokenId,
  label,
  kind,
  createdAt,
  expiresAt,
})

interface InvitationBody {
  email: string
  name?: string
  project: string
  role: string
  level: number
}

export function accountRoutes(deps: PublicDeps, { access }: Clients): NonNullable<HttpRoutes['routes']> {
  const linkOf = (code: string): string => (code ? `${deps.config.PUBLIC_URL}/sign-in#${code}` : '')
  return {
    async 'POST /api/invitations'(call) {
      const body = call.body as InvitationBody
      call.allow({ project: body.project })
      const invitation = await access.invite(body, { onBehalfOf: call.token })
      const expiresAt = new Date(Number(invitation.expiresAt) * 1000).toISOString()
      const { mailed } = invitation
      return { body: { user: toUser(invitation.user!), link: linkOf(invitation.code), mailed, expiresAt } }
    },
    async 'GET /api/users'(call) {
      projectsOf(call)
      const { users } = await access.listUsers({}, { onBehalfOf: call.token })
      return { body: { users: users.map(toUser) } }
    },
    async 'GET /api/tokens'(call) {
      const { tokens } = await access.listTokens({}, { onBehalfOf: call.token })
      return { body: { tokens: tokens.map(toTokenInfo) } }
    },
    async 'POST /api/tokens'(call) {
      const { label, days } = call.body as { label: string; days: number }
      const { token, info } = await access.createToken({ label, days }, { onBehalfOf: call.token })
      return { body: { token, info: toTokenInfo(info!) } }
    },
    async 'DELETE /api/tokens/{tokenId}'(call) {
      await access.revokeToken({ tokenId: call.params.tokenId! }, { onBehalfOf: call.token })
      return { status: 204 }
    },
    async 'GET /api/sign-ins'(call) {
      // Signing in is not a matter of one project: only who owns everything sees who came.
      if (!projectsOf(call).includes('*')) throw new ServiceError('forbidden', 'Your role does not allow this')
      const { records } = await access.listSignIns({}, { onBehalfOf: call.token })
      return { body: { signIns: records.map(({ at, userId, what }) => ({ at, userId: userId || null, what })) } }
    },
  }
}
