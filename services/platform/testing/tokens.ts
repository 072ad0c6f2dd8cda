/** Tokens of any user, also such as the system would never give out. */
import { readFile } from 'node:fs/promises'
import { type NewClaims, readPrivateKey, signToken } from '../auth/token.ts'

/** @param keyFile the signing key in PEM; by default an API token of an owner of everything, for an hour */
export async function mintToken(keyFile: string, claims: Partial<NewClaims> = {}): Promise<string> {
  const owner: NewClaims = { sub: 'test-owner', kind: 'token', roles: { '*': 'owner' }, level: 0, lifeSeconds: 3600 }
  const key = readPrivateKey(await readFile(keyFile, 'utf8'))
  return (await signToken(key, { ...owner, ...claims })).token
}
