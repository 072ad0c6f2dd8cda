/**
 * A matrix of values: every two choices of two axes meet in one set at least, which finds most of what cases thought of one
 * by one miss (pairwise testing), in some dozens of renderings instead of thousands.
 */
export type Values = { [key: string]: unknown }
export type Axes = Record<string, Record<string, Values>>

const hpa = { type: 'hpa', min: 2, max: 4 }
const shared = (kind: string): Values => ({ claim: `nas-${kind}`, shared: true })
const alone = { claim: 'disk' }

/** What operators choose among. What is refused together is part of it: a refusal has to be a sentence. */
export const axes: Axes = {
  site: { onprem: {}, cloud: { site: 'cloud' } },
  servers: {
    own: {},
    named: { network: { database: { to: [{ ipBlock: { cidr: '10.0.0.0/24' } }] }, bus: { port: 4333 } } },
    trial: { trial: { enabled: true } },
    kept: { trial: { enabled: true, persistent: true, storageClass: 'fast' } },
  },
  stores: {
    s3: {},
    nas: { stores: { pyramid: shared('pyramid'), original: shared('original'), stage: shared('stage') } },
    disk: { stores: { pyramid: alone }, defaults: { replicas: 1 } },
    staged: { secrets: { OBJECTS_STAGE_URL: { key: 'stage' } } },
    'no originals': { secrets: { OBJECTS_ORIGINAL_URL: { key: '' } }, services: { pyramid: { replicas: 0 } } },
  },
  door: {
    none: {},
    node: { front: { service: { type: 'NodePort', nodePort: 30080 } } },
    balancer: { front: { service: { type: 'LoadBalancer', annotations: { a: 'b' } }, trustedProxies: ['10.0.0.0/8'] } },
    ingress: { ingress: { enabled: true, className: 'x', tlsSecret: 'tls', bytesAnnotations: { c: 'd' } } },
    'ingress by the front': { ingress: { enabled: true, direct: false, annotations: { a: 'b' } } },
    gateway: { gateway: { enabled: true, parentRefs: [{ name: 'web' }] } },
    'gateway by the front': { gateway: { enabled: true, direct: false, parentRefs: [{ name: 'web' }] } },
  },
  scaling: {
    none: {},
    'by processor': { services: { tiles: { autoscaling: hpa }, public: { autoscaling: hpa } } },
    'by queue': {
      keda: { monitoring: 'nats:8222' },
      services: { pyramid: { autoscaling: { type: 'keda', min: 0, max: 9 } } },
    },
    one: { defaults: { replicas: 1 }, front: { replicas: 1, homes: 1 } },
    'every one': { defaults: { autoscaling: hpa } },
  },
  image: {
    plain: {},
    mirror: { image: { registry: 'r.example/', tag: 'v2', perService: true, pullSecrets: ['a', 'b'] } },
    digest: { image: { digest: `sha256:${'a1'.repeat(32)}`, pullPolicy: 'Always' } },
  },
  user: { ours: {}, theirs: { runAsUser: null } },
  watched: {
    no: {},
    yes: {
      tracing: { endpoint: 'http://collector:4318' },
      metrics: { serviceMonitor: { enabled: true }, alerts: { enabled: true, labels: { a: 'b' } } },
      network: { monitoring: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }] },
    },
  },
  names: {
    short: {},
    n: { nameOverride: 'n' },
    long: { fullnameOverride: 'a-name-of-forty-characters-and-some-more-than-that' },
  },
  placed: {
    anywhere: {},
    here: {
      defaults: {
        nodeSelector: { site: 'onprem' },
        tolerations: [{ key: 'site', operator: 'Exists' }],
        priorityClassName: 'high',
        spread: { 'topology.kubernetes.io/zone': 2 },
        podLabels: { team: 'a' },
        podAnnotations: { b: 'c' },
        serviceAccountAnnotations: { role: 'd' },
      },
    },
    together: { defaults: { affinity: { nodeAffinity: {} } } },
  },
  certificates: {
    none: {},
    given: { tls: { type: 'secret', authorities: { configMap: 'authorities' } } },
    made: { tls: { type: 'certManager', issuer: { name: 'inside', kind: 'ClusterIssuer' } } },
  },
  provider: { none: {}, oidc: { oidc: { issuer: 'https://idp.example', roles: { '*': { '*': 'viewer' } } } } },
  migrations: { job: {}, none: { migrations: { job: false } } },
}

/** Sets that cover every pair of choices of two axes, each with a title that names its choices. The same at every run. */
export function pairwise(of: Axes): { title: string; values: Values }[] {
  const names = Object.keys(of)
  const open = new Set(names.flatMap((a, i) => names.slice(i + 1).flatMap(b => pairsOf(of, a, b))))
  const sets: { title: string; values: Values }[] = []
  while (open.size > 0) {
    const [first] = open
    const chosen = new Map(first!.split('|').map(one => one.split('=') as [string, string]))
    for (const name of names.filter(one => !chosen.has(one))) {
      const gain = (choice: string): number =>
        [...chosen].filter(([a, x]) => open.has(keyOf(names, a, x, name, choice))).length
      chosen.set(
        name,
        Object.keys(of[name]!).reduce((best, one) => (gain(one) > gain(best) ? one : best)),
      )
    }
    const inOrder = names.map(name => [name, chosen.get(name)!] as const)
    for (const [a, x] of inOrder) for (const [b, y] of inOrder) if (a !== b) open.delete(keyOf(names, a, x, b, y))
    const values = inOrder.map(([name, choice]) => of[name]![choice]!).reduce(merged, {})
    sets.push({ title: inOrder.map(([name, choice]) => `${name} ${choice}`).join(', '), values })
  }
  return sets
}

const pairsOf = (of: Axes, a: string, b: string): string[] =>
  Object.keys(of[a]!).flatMap(x => Object.keys(of[b]!).map(y => `${a}=${x}|${b}=${y}`))

const keyOf = (names: string[], a: string, x: string, b: string, y: string): string =>
  names.indexOf(a) < names.indexOf(b) ? `${a}=${x}|${b}=${y}` : `${b}=${y}|${a}=${x}`

/** Objects are merged, everything else is replaced, as Helm merges files of values. */
export function merged(low: Values, high: Values): Values {
  const entries = Object.entries(high).map(([key, value]) => {
    const known = low[key]
    return [key, isObject(known) && isObject(value) ? merged(known, value) : value]
  })
  return { ...low, ...Object.fromEntries(entries) }
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
