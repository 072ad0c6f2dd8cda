/** Tokens of any user, also such as the system would never give out. */
import { readFile } from 'node:fs/promises'
import { type NewClaims, readPrivateKey, signToken } from '../auth/token.ts'

/** Signed in by a link of their own, at the site that tests run, long ago. */
const PERSON = { ownLink: true, accountSince: 0, site: 'onprem' }

/** @param keyFile the signing key in PEM; by default an API token of an owner of everything, for an hour */
export async function mintToken(keyFile: string, claims: Partial<NewClaims> = {}): Promise<string> {
  const rights = { roles: { '*': 'owner' as const }, level: 0 }
  const owner: NewClaims = { sub: 'test-owner', kind: 'token', ...rights, ...PERSON, lifeSeconds: 3600 }
  const key = readPrivateKey(await readFile(keyFile, 'utf8'))
  return (await signToken(key, { ...owner, ...claims })).token
}
