import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import { ServiceError } from '../errors.ts'

/** How long the start waits for a server that starts at the same time as this process. */
const START_MS = 30_000

export interface Connection {
  readonly nc: NatsConnection
  /** Copies that the servers keep of each stream. */
  readonly replicas: number
  readonly connected: boolean
  /** Resolves as soon as the server is connected; never when it is closed. */
  up(): Promise<void>
  /**
   * Rejects as soon as the connection breaks, since the answer to a request does not survive that, and at once while
   * there is none: the client would keep the request and let it time out.
   */
  whileUp<Result>(request: () => Promise<Result>): Promise<Result>
  /** Calls back whenever the connection breaks. @returns how to end that. */
  onDown(call: () => void): () => void
}

/**
 * Connects to `nats://user:password@host:4222,host2:4222?replicas=3&creds=FILE` (`tls://` with TLS, `&cert=FILE&key=FILE` shows a
 * certificate, read at each connection) and from then on
 * reconnects for ever. @throws ServiceError `unavailable` when there is no server for 30 s.
 */
export async function connectNats(url: string): Promise<Connection> {
  const { options, replicas } = await optionsOf(url)
  const nc = await connectFirst(options)
  let connected = true
  let waiting: (() => void)[] = []
  const downs = new Set<() => void>()
  const follow = async (): Promise<void> => {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect') {
        connected = false
        for (const call of downs) call()
      }
      if (type === 'reconnect') {
        connected = true
        for (const resume of waiting) resume()
        waiting = []
      }
    }
  }
  void follow()
  const onDown = (call: () => void): (() => void) => {
    downs.add(call)
    return () => downs.delete(call)
  }
  return {
    nc,
    replicas,
    get connected() {
      return connected
    },
    up: () => (connected ? Promise.resolve() : new Promise(resolve => waiting.push(resolve))),
    async whileUp(request) {
      if (!connected) throw new Error('disconnected')
      const { promise: down, reject } = Promise.withResolvers<never>()
      const forget = onDown(() => reject(new Error('disconnected')))
      return Promise.race([request(), down]).finally(forget)
    },
    onDown,
  }
}

async function optionsOf(url: string): Promise<{ options: ConnectionOptions; replicas: number }> {
  // Several hosts are no valid authority for URL: they are taken off first.
  const match = /^(nats|tls):\/\/(?:([^@/?]*)@)?([^/?]*)\/?(\?.*)?$/.exec(url)
  if (match === null) throw new Error('BUS_URL: expected nats://host:port')
  const [, scheme, userinfo, hosts = '', query = ''] = match
  const parameters = new URLSearchParams(query)
  const creds = parameters.get('creds')
  const [user, password] = (userinfo ?? '').split(':').map(decodeURIComponent)
  const options: ConnectionOptions = {
    name: 'coverslip',
    servers: hosts.split(','),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    timeout: 5000,
    pingInterval: 10_000,
    ...(scheme === 'tls' ? { tls: certificateIn(parameters) } : {}),
    ...(creds === null ? {} : { authenticator: credsAuthenticator(await readFile(creds)) }),
    ...(password === undefined ? (user ? { token: user } : {}) : { user, pass: password }),
  }
  return { options, replicas: Number(parameters.get('replicas') ?? 1) }
}

/** The certificate that a server is shown, if any: names of files. */
function certificateIn(parameters: URLSearchParams): { certFile?: string; keyFile?: string } {
  const [certFile, keyFile] = [parameters.get('cert'), parameters.get('key')]
  return certFile && keyFile ? { certFile, keyFile } : {}
}

async function connectFirst(options: ConnectionOptions): Promise<NatsConnection> {
  const deadline = Date.now() + START_MS
  for (;;) {
    try {
      return await connect(options)
    } catch (error) {
      if ((error as Error).name === 'AuthorizationError') throw error
      if (Date.now() > deadline) {
        throw new ServiceError('unavailable', 'The event bus is not reachable right now', { cause: error })
      }
      await sleep(500)
    }
  }
}
