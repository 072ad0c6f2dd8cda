/** People with a role, made as an owner makes them: invited, signed in by their link, with an API token of their own. */
import { expect } from 'vitest'
import { clientOf, withJson } from '../client.ts'
import type { Shape } from '../shape.ts'

/** @returns the token of somebody who has this role in the project, and no other */
export async function signedIn(shape: Shape, email: string, project: string, role: string): Promise<string> {
  const owner = clientOf(shape)
  const invitation = await owner.json<{ link: string }>('/api/invitations', withJson('POST', { email, project, role }))
  const code = invitation.link.split('#')[1]!
  const session = await clientOf(shape, null).get('/api/session', withJson('POST', { code }))
  expect(session.status).toBe(200)
  const cookie = session.headers.get('set-cookie')!
  expect(cookie).toMatch(/HttpOnly/i)
  expect(cookie).toMatch(/SameSite=Lax/i)
  const again = await clientOf(shape, null).get('/api/session', withJson('POST', { code }))
  expect(again.status).toBe(401)
  const made = await fetch(`${shape.url}/api/tokens`, {
    ...withJson('POST', { label: 'test' }),
    headers: { 'content-type': 'application/json', cookie: cookie.split(';')[0]! },
  })
  return ((await made.json()) as { token: string }).token
}
