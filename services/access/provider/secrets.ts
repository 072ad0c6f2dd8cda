/** What ties a sign-in at the provider to one browser: all of it follows from one secret that only that browser has. */
import { createHash, createHmac } from 'node:crypto'

export interface Proofs {
  /** Comes back with the browser: another one was not sent there (OpenID Connect Core 1.0, 3.1.2.1). */
  state: string
  /** Stands in the ID token: it was made for this sign-in. */
  nonce: string
  /** Redeems the code (RFC 7636); 43 characters, the least that are allowed. */
  verifier: string
  /** S256 of the verifier. */
  challenge: string
}

/** @param secret 256 random bits. Nothing else has to be kept: the database holds its hash, for one use. */
export function proofsOf(secret: string): Proofs {
  const derive = (what: string): string => createHmac('sha256', secret).update(what).digest('base64url')
  const verifier = derive('verifier')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  return { state: derive('state'), nonce: derive('nonce'), verifier, challenge }
}
