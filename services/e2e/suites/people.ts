/** People with a role, made as an owner makes them: invited, signed in by a link, with an API token of their own. */
import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { clientOf, eventually, withJson } from '../client.ts'
import type { Shape } from '../shape.ts'

/** @returns the token of somebody who has this role in the project, and no other */
export async function signedIn(shape: Shape, email: string, project: string, role: string): Promise<string> {
  const owner = clientOf(shape)
  const invitation = await owner.json<{ link: string }>('/api/invitations', withJson('POST', { email, project, role }))
  return tokenBy(shape, invitation.link.split('#')[1]!)
}

/**
 * The same for somebody who asked for a link themselves, which nobody else is given; without a mail server it stands in a
 * log. Of several at once the links are told apart by nothing: one after the other.
 */
export async function signedInAlone(shape: Shape, email: string, project: string, role: string): Promise<string> {
  await clientOf(shape).json('/api/invitations', withJson('POST', { email, project, role }))
  return tokenBy(shape, await ownCode(shape, email))
}

/** The code of a link that somebody with an account asks for. */
export async function ownCode(shape: Shape, email: string): Promise<string> {
  const before = new Set(await codesLogged(shape))
  const asked = await clientOf(shape, null).get('/api/sign-in-links', withJson('POST', { email }))
  expect(asked.status).toBe(202)
  return eventually(20, 'the link', async () => (await codesLogged(shape)).find(one => !before.has(one)))
}

async function codesLogged({ logs }: Shape): Promise<string[]> {
  const texts = await Promise.all(logs.map(log => readFile(log, 'utf8').catch(() => '')))
  return [...texts.join('\n').matchAll(/sign-in#([\w-]+)/g)].map(([, code]) => code!)
}

/** Signs in by a link, once, and makes an API token. */
async function tokenBy(shape: Shape, code: string): Promise<string> {
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
