/** The OpenID provider as it is asked: authorization code flow with PKCE (OpenID Connect Core 1.0; RFC 7636). */
import { ServiceError } from '@coverslip/platform/errors.ts'
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  clockTolerance,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
} from 'openid-client'
import type { Proofs } from './secrets.ts'

/** Seconds for each answer of the provider; a caller waits for at most three of them. */
const TIMEOUT_SECONDS = 3
/** What the provider says of itself is asked for again after so long: addresses change, keys are looked after elsewhere. */
const DISCOVERED_MS = 3_600_000
const CLOCK_TOLERANCE_SECONDS = 30

export interface ProviderOptions {
  issuer: string
  clientId: string
  /** Empty: a public client. */
  clientSecret: string
  scope: string
  /** The address that the provider sends browsers back to. */
  redirectUri: string
  /** Where browsers are sent when they have signed out there. */
  signedOutUri: string
}
export interface Provider {
  /** @throws ServiceError `unavailable` while the provider is away */
  signInUrl(proofs: Proofs): Promise<string>
  /**
   * Whoever signed in, as the provider says.
   * @param query what came back with the browser
   * @throws ServiceError `unauthenticated` for what the provider refused or did not prove, `unavailable`
   */
  claims(query: string, proofs: Proofs): Promise<Record<string, unknown> & { iss: string; sub: string }>
  /** @throws ServiceError `unavailable`, `unsupported` when the provider has no such address */
  signOutUrl(): Promise<string>
}

/** @param refused told why, without a word of what the provider said of anybody */
export function openProvider(options: ProviderOptions, refused: (reason: string) => void): Provider {
  const { redirectUri, scope, signedOutUri } = options
  let discovered: { configuration: Configuration; until: number } | undefined
  async function configuration(): Promise<Configuration> {
    if (discovered && discovered.until > Date.now()) return discovered.configuration
    const found = await asking(discover(options), refused)
    discovered = { configuration: found, until: Date.now() + DISCOVERED_MS }
    return found
  }
  return {
    async signInUrl({ state, nonce, challenge }) {
      const parameters = { redirect_uri: redirectUri, scope, state, nonce }
      const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
      return buildAuthorizationUrl(await configuration(), { ...parameters, ...pkce }).href
    },
    async claims(query, proofs) {
      const server = await configuration()
      return asking(redeem(server, new URL(`${redirectUri}?${query}`), proofs), refused)
    },
    async signOutUrl() {
      const server = await configuration()
      if (!server.serverMetadata().end_session_endpoint) {
        throw new ServiceError('unsupported', 'The provider has no address for signing out')
      }
      return buildEndSessionUrl(server, { post_logout_redirect_uri: signedOutUri }).href
    },
  }
}

async function discover({ issuer, clientId, clientSecret }: ProviderOptions): Promise<Configuration> {
  const metadata = { [clockTolerance]: CLOCK_TOLERANCE_SECONDS }
  // Signatures of ID tokens are checked even though they come straight from the provider.
  const execute = [enableNonRepudiationChecks]
  if (issuer.startsWith('http:')) execute.push(allowInsecureRequests)
  return discovery(new URL(issuer), clientId, metadata, authentication(clientSecret), {
    execute,
    timeout: TIMEOUT_SECONDS,
  })
}

/** Basic, what every client has unless it was registered otherwise; in the body where the provider takes no other. */
function authentication(secret: string): ClientAuth {
  if (!secret) return None()
  return (server, ...call) => {
    const known = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const way = known.includes('client_secret_basic') ? ClientSecretBasic : ClientSecretPost
    return way(secret)(server, ...call)
  }
}

async function redeem(server: Configuration, address: URL, { state, nonce, verifier }: Proofs) {
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
  const tokens = await authorizationCodeGrant(server, address, checks)
  const proven = tokens.claims()!
  if (!server.serverMetadata().userinfo_endpoint) return proven
  // Many providers tell e-mail address and groups here and nowhere else; what is signed goes first.
  return { ...(await fetchUserInfo(server, tokens.access_token, proven.sub)), ...proven }
}

const AWAY = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM'])

/** Their messages may quote claims: only codes are passed on. */
async function asking<Result>(request: Promise<Result>, refused: (reason: string) => void): Promise<Result> {
  try {
    return await request
  } catch (error) {
    const { code, error: answered } = error as { code?: string; error?: string }
    const away = error instanceof TypeError || (code !== undefined && AWAY.has(code))
    refused(away ? 'away' : (answered ?? code ?? 'unknown'))
    if (away) throw new ServiceError('unavailable', 'The sign-in of your organisation cannot be reached right now')
    throw new ServiceError('unauthenticated', 'The sign-in of your organisation did not let you in; try again')
  }
}
