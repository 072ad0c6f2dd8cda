/** NATS and Redis as an operator brings them: outside of the chart, with TLS, for callers who show a certificate. */
import type { Certificates } from '@coverslip/platform/tls.ts'
import { certificateSecret } from './certificates.ts'
import type { Values } from './release.ts'
import { apply, kubectl } from './tool.ts'

const FILES = { ca: '/certificates/ca.crt', cert: '/certificates/tls.crt', key: '/certificates/tls.key' }
const SERVERS = {
  nats: {
    port: 4222,
    command: (password: string) => [
      ...['nats-server', '-js', '-sd', '/data', '--user', 'coverslip', '--pass', password, '--tlsverify'],
      ...['--tlscacert', FILES.ca, '--tlscert', FILES.cert, '--tlskey', FILES.key],
    ],
  },
  redis: {
    port: 6379,
    command: (password: string) => [
      ...[
        'redis-server',
        '--port',
        '0',
        '--tls-port',
        '6379',
        '--requirepass',
        password,
        '--dir',
        '/data',
        '--save',
        '',
      ],
      ...['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lfu'],
      ...['--tls-ca-cert-file', FILES.ca, '--tls-cert-file', FILES.cert, '--tls-key-file', FILES.key],
    ],
  },
}
type Server = keyof typeof SERVERS
/** Where pods of services have their certificates. */
const SHOWN = '?cert=/tls/tls.crt&key=/tls/tls.key'

/** The name that the certificate of a server is for. */
export const nameOf = (server: Server, namespace: string): string => `own-${server}.${namespace}.svc`

/**
 * Starts them in a namespace that exists.
 * @returns values of a release that uses them
 */
export async function startOwnServers(
  namespace: string,
  password: string,
  certificates: Readonly<Record<Server, Certificates>>,
): Promise<Values> {
  const kinds = Object.keys(SERVERS) as Server[]
  const objects = kinds.map(async kind => [
    await certificateSecret(namespace, `own-${kind}`, certificates[kind]),
    podOf(kind, namespace, password),
    serviceOf(kind, namespace),
  ])
  const urls = {
    bus: `tls://coverslip:${password}@${nameOf('nats', namespace)}:4222${SHOWN}`,
    cache: `rediss://:${password}@${nameOf('redis', namespace)}:6379${SHOWN}`,
  }
  const metadata = { name: 'own-servers', namespace }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: urls }
  await apply([...(await Promise.all(objects)).flat(), secret])
  await kubectl('wait', '-n', namespace, '--for=condition=Ready', 'pod', '-l', 'own=server', '--timeout=120s')
  const to = (kind: Server) => [{ podSelector: { matchLabels: { server: kind } } }]
  return {
    secrets: { BUS_URL: { name: 'own-servers', key: 'bus' }, CACHE_URL: { name: 'own-servers', key: 'cache' } },
    network: { bus: { to: to('nats') }, cache: { to: to('redis') } },
  }
}

/** How many talk to Redis at the moment, the one who asks among them. */
export async function redisClients(namespace: string, password: string): Promise<number> {
  const tls = ['--tls', '--cacert', FILES.ca, '--cert', FILES.cert, '--key', FILES.key]
  const asking = ['redis-cli', ...tls, '-h', nameOf('redis', namespace), '-a', password, 'info', 'clients']
  const told = await kubectl('exec', '-n', namespace, 'own-redis', '--', ...asking)
  return Number(/connected_clients:(\d+)/.exec(told)?.[1] ?? 0)
}

const serviceOf = (kind: Server, namespace: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `own-${kind}`, namespace },
  spec: { clusterIP: 'None', selector: { server: kind }, ports: [{ port: SERVERS[kind].port }] },
})

const podOf = (kind: Server, namespace: string, password: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `own-${kind}`, namespace, labels: { own: 'server', server: kind } },
  spec: {
    securityContext: { runAsUser: 10001, runAsGroup: 10001, runAsNonRoot: true, fsGroup: 10001 },
    containers: [
      {
        name: kind,
        image: `localhost/coverslip-${kind}:dev`,
        imagePullPolicy: 'Never',
        command: SERVERS[kind].command(password),
        readinessProbe: { tcpSocket: { port: SERVERS[kind].port }, periodSeconds: 2 },
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: 'certificates', mountPath: '/certificates' },
        ],
      },
    ],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'certificates', secret: { secretName: `own-${kind}`, defaultMode: 0o440 } },
    ],
  },
})
