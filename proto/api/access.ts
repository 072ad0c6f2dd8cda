/** Coming in: sessions, links, invitations, tokens. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'
import { projectName, role, text, tokenInfo, user } from './schemas.ts'

export const accessRoutes: readonly RouteSpec[] = [
  {
    method: 'POST',
    path: '/api/session',
    module: 'public',
    access: 'anyone',
    summary: 'Redeem a one-time sign-in code for a session cookie',
    body: z.object({ code: text(200) }),
    answer: user,
  },
  { method: 'GET', path: '/api/session', module: 'public', access: 'user', summary: 'Who am I', answer: user },
  {
    method: 'DELETE',
    path: '/api/session',
    module: 'public',
    access: 'user',
    summary: 'Sign out: the session or token of this call is revoked',
    status: 204,
  },
  {
    method: 'POST',
    path: '/api/sign-in-links',
    module: 'public',
    access: 'anyone',
    summary: 'Mail a sign-in link to an account',
    body: z.object({ email: z.email().max(200) }),
    status: 202,
  },
  {
    method: 'POST',
    path: '/api/invitations',
    module: 'public',
    access: 'user.invite',
    summary: 'Invite somebody into a project',
    body: z.object({
      email: z.email().max(200),
      name: text(100).optional(),
      project: projectName.default('default'),
      role,
      level: z.number().int().min(0).max(3).default(0),
    }),
    status: 201,
    answer: z.object({ user, link: z.string(), mailed: z.boolean(), expiresAt: z.string() }),
  },
  {
    method: 'GET',
    path: '/api/users',
    module: 'public',
    access: 'user.list',
    summary: 'Accounts',
    answer: z.object({ users: z.array(user) }),
  },
  {
    method: 'GET',
    path: '/api/tokens',
    module: 'public',
    access: 'user',
    summary: 'My API tokens and sessions',
    answer: z.object({ tokens: z.array(tokenInfo) }),
  },
  {
    method: 'POST',
    path: '/api/tokens',
    module: 'public',
    access: 'user',
    summary: 'Make an API token; it is shown once',
    body: z.object({ label: text(100), days: z.number().int().min(1).max(366).default(90) }),
    status: 201,
    answer: z.object({ token: z.string(), info: tokenInfo }),
  },
  {
    method: 'DELETE',
    path: '/api/tokens/{tokenId}',
    module: 'public',
    access: 'user',
    summary: 'Revoke one of my tokens or sessions',
    status: 204,
  },
  {
    method: 'GET',
    path: '/api/sign-ins',
    module: 'public',
    access: 'audit.read',
    summary: 'Audit of sign-ins',
    answer: z.object({
      signIns: z.array(z.object({ at: z.string(), userId: z.string().nullable(), what: z.string() })),
    }),
  },
]
