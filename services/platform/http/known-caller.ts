/** Who sends a request, where that is known already: for answers that are too quick to wait for a signature. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Principal } from '../auth/principal.ts'
import type { Verified, Verifier } from '../auth/verifier.ts'
import { credentialsOf } from './call.ts'

interface Remembered {
  /** The header's value; it came over this very connection, and goes with it. */
  header: string
  verified: Verified
}

/**
 * A connection mostly sends the same credentials again: then their text is compared with the last. Otherwise the token's
 * hash is looked up. Expiry and revocation are checked each time.
 */
export function createKnownCaller(verifier: Verifier): (req: IncomingMessage) => Principal | undefined {
  const last = new WeakMap<Socket, Remembered>()
  return req => {
    const header = credentialHeader(req.rawHeaders)
    if (header === undefined) return undefined
    let known = last.get(req.socket)
    if (known === undefined || known.header !== header) {
      const verified = recall(verifier, req, header)
      if (!verified) return undefined
      known = { header, verified }
      last.set(req.socket, known)
    }
    return verifier.holds(known.verified) ? known.verified.principal : undefined
  }
}

/** Undefined also when the credentials are not those of the header: then they must not be remembered for it. */
function recall(verifier: Verifier, req: IncomingMessage, header: string): Verified | undefined {
  const credentials = credentialsOf(req)
  const { authorization, cookie } = req.headers
  if (!credentials || (credentials.cookie ? cookie : authorization) !== header) return undefined
  return verifier.recall(credentials.token)
}

/**
 * The value of the header that credentialsOf goes by: Authorization, else Cookie; undefined without one, and when there
 * are several of a name. `rawHeaders` has names and values by turns; `headers` would be made for this request alone.
 */
function credentialHeader(rawHeaders: readonly string[]): string | undefined {
  let authorization: string | undefined
  let cookie: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      if (authorization !== undefined) return undefined
      authorization = rawHeaders[i + 1]!
    } else if (name.length === 6 && name.toLowerCase() === 'cookie') {
      if (cookie !== undefined) return undefined
      cookie = rawHeaders[i + 1]!
    }
  }
  return authorization ?? cookie
}
