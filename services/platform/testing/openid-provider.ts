/** A real OpenID provider in this process, whose people sign in without being asked. */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration } from 'oidc-provider'
import type { Certificates } from '../tls.ts'

export type Person = Record<string, unknown> & { sub: string }

export interface OpenIdProvider {
  issuer: string
  clientId: string
  clientSecret: string
  /** Lets people in to this Coverslip, by its public address. */
  admit(publicUrl: string): void
  /** Whoever signs in from now on; undefined: everybody turns back at the door. */
  person: Person | undefined
  stop(): Promise<void>
}

const CLIENT = { client_id: 'coverslip', client_secret: 'a secret between the provider and Coverslip' }

interface Where {
  /** An address of this machine. */
  host?: string
  /** Speaks TLS with this certificate: without one a provider is believed on the loopback interface only. */
  certificate?: Certificates
}

export async function startOpenIdProvider({ host = '127.0.0.1', certificate }: Where = {}): Promise<OpenIdProvider> {
  const server = certificate
    ? createSecureServer({ cert: await readFile(certificate.certFile), key: await readFile(certificate.keyFile) })
    : createServer()
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  const issuer = `${certificate ? 'https' : 'http'}://${host}:${(server.address() as AddressInfo).port}`
  const known = new Map<string, Person>()
  let provider: Provider | undefined
  const started: OpenIdProvider = {
    issuer,
    clientId: CLIENT.client_id,
    clientSecret: CLIENT.client_secret,
    person: undefined,
    admit(publicUrl) {
      provider = new Provider(issuer, configuration(publicUrl, known))
      const handle = provider.callback()
      server.removeAllListeners('request').on('request', (req, res) => {
        if (req.url?.startsWith('/interaction/')) void signIn(req, res)
        else void handle(req, res)
      })
    },
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  async function signIn(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { person } = started
    if (person) known.set(person.sub, person)
    const result = person ? { login: { accountId: person.sub } } : { error: 'access_denied' }
    await provider!.interactionFinished(req, res, result, { mergeWithLastSubmission: false })
  }
  return started
}

function configuration(publicUrl: string, known: Map<string, Person>): Configuration {
  return {
    clients: [
      {
        ...CLIENT,
        redirect_uris: [`${publicUrl}/api/sign-in/oidc/callback`],
        post_logout_redirect_uris: [`${publicUrl}/sign-in`],
      },
    ],
    pkce: { required: () => true },
    // E-mail address and groups come from the userinfo endpoint, as with many providers.
    claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: ['a key of the provider'] },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...known.get(sub), sub }) }),
    // Nobody is asked whether Coverslip may know their name.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client!.clientId, accountId: oidc.session!.accountId! })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  }
}
