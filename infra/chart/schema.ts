/** The JSON schema of the chart's values: what is not listed here is a typo and refused. */
import { roleSchema } from '@coverslip/platform/auth/token.ts'
import { openSettings, serviceRows } from './tables.ts'

type Schema = Record<string, unknown>

const of = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
})
const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const list: Schema = { type: 'array', items: { type: 'object' } }
const texts: Schema = { type: 'object', additionalProperties: text }
const count = (minimum: number): Schema => ({ type: 'integer', minimum })
const quantity: Schema = { type: ['string', 'integer'], pattern: '^[0-9.]+(m|[kMGT]i?)?$' }
const object: Schema = { type: 'object' }
const amounts: Schema = of({ cpu: quantity, memory: quantity, 'ephemeral-storage': quantity })
const resources: Schema = of({ requests: amounts, limits: amounts })
const peers: Schema = of({ to: list, port: { type: 'integer', minimum: 1, maximum: 65_535 } })
const store: Schema = of({ claim: text, shared: flag })
const role: Schema = { enum: roleSchema.options }
const secret: Schema = of({ name: text, key: text })

const autoscaling: Schema = of({
  type: { enum: ['none', 'hpa', 'keda'] },
  min: count(0),
  max: count(1),
  cpu: count(1),
  metrics: list,
  lag: count(1),
  calm: count(0),
})

/** What a service has; `settings` are its own and refuse what its README does not list. */
const service = (settings: Schema): Record<string, Schema> => ({
  replicas: count(0),
  autoscaling,
  drain: count(1),
  startup: count(10),
  resources,
  scratch: quantity,
  maxUnavailable: { type: ['integer', 'string'] },
  spread: { type: 'object', additionalProperties: count(1) },
  nodeSelector: texts,
  tolerations: list,
  affinity: object,
  priorityClassName: text,
  podLabels: texts,
  podAnnotations: texts,
  serviceAccountAnnotations: texts,
  settings,
  env: list,
  volumes: list,
  volumeMounts: list,
  egress: list,
})

/** Settings by name, with what their READMEs say of them. */
function settingsOf(name: string): Schema {
  const properties = Object.entries(openSettings()[name] ?? {}).map(([setting, { help, default: value }]) => [
    setting,
    { type: ['string', 'number', 'boolean'], description: value === '' ? help : `${help} (${value})` },
  ])
  return of(Object.fromEntries(properties))
}

/** Settings that each service has. */
function commonSettings(): Schema {
  const all = Object.keys(openSettings()).map(settingsOf) as { properties: Record<string, Schema> }[]
  const [first, ...rest] = all.map(({ properties }) => properties)
  const shared = Object.entries(first!).filter(([name]) => rest.every(one => name in one))
  return of(Object.fromEntries(shared))
}

function secretsSchema(): Schema {
  const own = Object.values(serviceRows()).flatMap(({ secrets }) => secrets)
  const names = [
    'SIGNING_KEY',
    'VERIFY_KEY',
    'SERVICE_SECRET',
    'DATABASE_URL',
    'BUS_URL',
    'CACHE_URL',
    'BACKUP_URL',
    'LINK_URL',
  ]
  const stores = ['SOURCE', 'ORIGINAL', 'PYRAMID', 'STAGE'].map(kind => `OBJECTS_${kind}_URL`)
  return of({ name: text, ...Object.fromEntries([...names, ...stores, ...own].map(name => [name, secret])) })
}

/** The whole schema, draft 7: what Helm 3 reads. */
export function valuesSchema(): Schema {
  const names = Object.keys(serviceRows())
  const network = [
    'database',
    'bus',
    'cache',
    'source',
    'original',
    'pyramid',
    'stage',
    'mail',
    'oidc',
    'traces',
    'backup',
    'link',
  ]
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart coverslip',
    ...of({
      global: object,
      nameOverride: text,
      fullnameOverride: text,
      site: { enum: ['onprem', 'cloud'] },
      publicUrl: { type: 'string', pattern: '^https?://[^/]+$' },
      labels: texts,
      image: of({
        registry: text,
        repository: { type: 'string', minLength: 1 },
        tag: text,
        digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
        perService: flag,
        pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
        pullSecrets: { type: 'array', items: text },
      }),
      secrets: secretsSchema(),
      stores: of({ source: store, original: store, pyramid: store, stage: store }),
      network: of({
        policies: flag,
        ...Object.fromEntries(network.map(name => [name, peers])),
        dns: list,
        clients: list,
        monitoring: list,
      }),
      defaults: of(service(commonSettings())),
      services: of(Object.fromEntries(names.map(name => [name, of({ enabled: flag, ...service(settingsOf(name)) })]))),
      front: of({
        image: text,
        replicas: count(0),
        homes: count(1),
        resources,
        service: of({
          type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
          port: count(1),
          nodePort: count(1),
          annotations: texts,
        }),
        trustedProxies: { type: 'array', items: text },
      }),
      ingress: of({
        enabled: flag,
        direct: flag,
        className: text,
        annotations: texts,
        bytesAnnotations: texts,
        tlsSecret: text,
      }),
      gateway: of({ enabled: flag, direct: flag, parentRefs: list }),
      oidc: of({
        issuer: text,
        clientId: text,
        name: text,
        roles: { type: 'object', additionalProperties: { type: 'object', additionalProperties: role } },
      }),
      tls: of({
        type: { enum: ['none', 'secret', 'certManager'] },
        secret: text,
        issuer: of({ name: text, kind: { enum: ['Issuer', 'ClusterIssuer'] } }),
        authorities: of({ configMap: text, key: text }),
      }),
      tracing: of({ endpoint: text }),
      metrics: of({
        serviceMonitor: of({ enabled: flag, interval: text, labels: texts }),
        alerts: of({ enabled: flag, labels: texts }),
        dashboards: of({ enabled: flag, labels: texts, annotations: texts }),
      }),
      keda: of({ monitoring: text, account: { type: 'string', minLength: 1 } }),
      migrations: of({ job: flag, resources }),
      test: of({ token: secret, resources }),
      backup: of({
        enabled: flag,
        schedule: text,
        claim: text,
        keep: { type: 'string', pattern: '^[0-9]+[hd]$' },
        image: text,
        scratch: quantity,
        resources,
        scrub: of({ schedule: text, nights: count(1) }),
        restore: { type: 'string', pattern: '^(newest|[0-9]{8}T[0-9]{6}Z)?$' },
      }),
      runAsUser: { type: ['integer', 'null'], minimum: 1 },
      trial: of({
        enabled: flag,
        images: of({ postgres: text, nats: text, redis: text, s3: text }),
        leaf: of({ password: text, remote: text }),
        persistent: flag,
        storageClass: text,
        storage: quantity,
        resources,
      }),
      extraObjects: { type: 'array', items: { type: ['object', 'string'] } },
    }),
  }
}
