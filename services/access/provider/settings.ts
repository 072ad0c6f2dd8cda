import type { AccessDeps } from '../deps.ts'
import { openProvider, type Provider } from './client.ts'

/** The provider that the settings name, if any. It may be away at a start: only signing in there has to wait for it. */
export function providerOf({ config, log }: AccessDeps): Provider | undefined {
  if (!config.OIDC_ISSUER) return undefined
  const options = {
    issuer: config.OIDC_ISSUER,
    clientId: config.OIDC_CLIENT_ID,
    clientSecret: config.OIDC_CLIENT_SECRET,
    scope: config.OIDC_SCOPE,
    redirectUri: `${config.PUBLIC_URL}/api/sign-in/oidc/callback`,
    signedOutUri: `${config.PUBLIC_URL}/sign-in`,
  }
  return openProvider(options, reason => log.warn({ reason }, 'a sign-in at the OpenID provider came to nothing'))
}
