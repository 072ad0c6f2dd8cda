import { readdirSync, readFileSync } from 'node:fs'
import { modules } from '@coverslip/all/modules.ts'
import type { Setting } from '@coverslip/platform/config.ts'
import { platformSettings } from '@coverslip/platform/settings.ts'
import { api } from '@coverslip/proto/api.ts'
import { onPremOnly } from '@coverslip/proto/sites.ts'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { closed } from './crds.ts'
import { merged, pairwise } from './matrix.ts'
import { documented } from './readme.ts'
import { edgesOf, type KubeObject, problemsOf } from './rules.ts'
import { wholeSchema } from './schemas.ts'
import { frontConf, openSettings, ownPrefixes, serviceRows } from './tables.ts'

/** Addresses by the names of services; what has no meaning in a pod, whose log is its output; the sites' names, which the chart has by default. */
const UNSET = /^(RPC_\w+_URL|LOG_FILE|LINK_SITE)$/
const chart = (path: string): string => readFileSync(new URL(`../../charts/coverslip/${path}`, import.meta.url), 'utf8')

test('who has a part in what must not leave stays on-prem, and who calls them', () => {
  expect([...onPremOnly()].sort()).toEqual(['deidentify', 'ingest', 'intake', 'subjects'])
})

test('no service that may run in the cloud is given the source store', () => {
  for (const { sites, stores } of Object.values(serviceRows())) {
    if (sites.includes('cloud')) expect(stores).not.toHaveProperty('source')
  }
  expect(frontConf('cloud')).not.toMatch(/intake|ledger|manifests|RELEASE-(ingest|deidentify|subjects)/)
})

test('a prefix is a module’s own when every route below it is', () => {
  const routes = [
    { path: '/tiles/{id}.dzi', module: 'tiles' },
    { path: '/api/slides/{id}', module: 'public' },
    { path: '/api/slides/{id}/pyramid', module: 'tiles' },
    { path: '/api/stage/pins/{name}', module: 'tiles' },
  ] as const
  expect(ownPrefixes('tiles', routes)).toEqual(['/api/stage', '/tiles'])
  for (const prefix of ownPrefixes('tiles', api)) {
    const others = api.filter(({ path, module }) => module !== 'tiles' && path.startsWith(prefix))
    expect(others.map(({ path }) => path)).toEqual([])
  }
})

test('every value that stands at the top of values.yaml is told of in the README', () => {
  const told = new Set(documented(chart('values.yaml')).map(({ path }) => path.split('.')[0]))
  const untold = Object.keys(parse(chart('values.yaml'))).filter(name => !told.has(name))
  expect(untold).toEqual([])
})

const good = (): KubeObject[] => {
  const labels = { app: 'x' }
  const container = {
    name: 'x',
    readinessProbe: { httpGet: { path: '/readyz' } },
    livenessProbe: { httpGet: { path: '/healthz' } },
    resources: { requests: { cpu: '1' }, limits: { memory: '1Gi', 'ephemeral-storage': '1Gi' } },
    securityContext: {
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    },
  }
  const security = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
  const pod = { automountServiceAccountToken: false, securityContext: security, containers: [container] }
  return [
    {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'x' },
      spec: { template: { metadata: { labels }, spec: pod } },
    },
    {
      kind: 'NetworkPolicy',
      apiVersion: 'networking.k8s.io/v1',
      metadata: { name: 'x' },
      spec: {
        podSelector: { matchLabels: labels },
        policyTypes: ['Ingress', 'Egress'],
        egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 53, protocol: 'UDP' }] }],
      },
    },
  ]
}

test('the rules find nothing in what is right', () => {
  expect(problemsOf(good())).toEqual([])
  expect(edgesOf(good())).toEqual(['x => 10.0.0.0/8 53/udp'])
})

// biome-ignore lint/suspicious/noExplicitAny: parts of any object are changed
const cases: [says: string, wrong: (pod: any, policy: any) => void][] = [
  ['may run as root', pod => (pod.spec.securityContext.runAsNonRoot = false)],
  ['x runs as root', pod => (pod.spec.containers[0].securityContext.runAsUser = 0)],
  ['x may write to its root', pod => (pod.spec.containers[0].securityContext.readOnlyRootFilesystem = false)],
  ['has the token of a service account', pod => delete pod.spec.automountServiceAccountToken],
  ['mounts a folder of its node', pod => (pod.spec.volumes = [{ name: 'h', hostPath: { path: '/' } }])],
  ['no NetworkPolicy covers its Egress', (_, policy) => (policy.spec.policyTypes = ['Ingress'])],
  ['no NetworkPolicy covers its Ingress', pod => (pod.metadata.labels = { app: 'y' })],
  ['x has no readiness probe', pod => delete pod.spec.containers[0].readinessProbe],
  ['x is asked the same', pod => (pod.spec.containers[0].livenessProbe = pod.spec.containers[0].readinessProbe)],
  [
    'x has a secret in its environment',
    pod => (pod.spec.containers[0].env = [{ name: 'A', value: 'redis://:word@host' }]),
  ],
]
test.each(cases)('the rules find that a pod %s', (says, wrong) => {
  const objects = good()
  wrong(objects[0]!.spec.template, objects[1])
  expect(problemsOf(objects).join('\n')).toContain(says)
})

test('a schema becomes whole, also where it leads to itself', () => {
  const all = { Node: { properties: { next: { $ref: '/api/_definitions.json#/$defs/Node' } } }, Other: {} }
  expect(wholeSchema({ $id: 'x', properties: { first: { $ref: '/api/_definitions.json#/$defs/Node' } } }, all)).toEqual(
    {
      properties: { first: { $ref: '#/definitions/Node' } },
      definitions: { Node: { properties: { next: { $ref: '#/definitions/Node' } } } },
    },
  )
})

test('a definition refuses what it does not list, but for what it leaves open', () => {
  const spec = { type: 'object', properties: { properties: { type: 'object', properties: { a: {} } } } }
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { b: {} } }
  expect(closed({ type: 'object', properties: { spec, open } })).toEqual({
    type: 'object',
    additionalProperties: false,
    properties: {
      spec: {
        type: 'object',
        additionalProperties: false,
        properties: { properties: { type: 'object', additionalProperties: false, properties: { a: {} } } },
      },
      open,
    },
  })
})

test('every two choices of two axes meet in a set of the matrix', () => {
  const tried = { a: { x: { v: 1 }, y: {} }, b: { x: { w: { p: 1 } }, y: {}, z: {} }, c: { x: { w: { q: 2 } }, y: {} } }
  const sets = pairwise(tried)
  for (const [first, second] of [
    ['a', 'b'],
    ['a', 'c'],
    ['b', 'c'],
  ] as const) {
    for (const x of Object.keys(tried[first])) {
      for (const y of Object.keys(tried[second])) {
        const met = sets.some(({ title }) =>
          [`${first} ${x}`, `${second} ${y}`].every(one => title.split(', ').includes(one)),
        )
        expect(met, `${first} ${x} with ${second} ${y}`).toBe(true)
      }
    }
  }
  expect(sets.length).toBeLessThan(12)
  expect(merged({ w: { p: 1 }, list: [1] }, { w: { q: 2 }, list: [2] })).toEqual({ w: { p: 1, q: 2 }, list: [2] })
})

test('every secret of every service has a place in values.yaml, every other setting one in the schema or in the chart itself', () => {
  const { secrets } = parse(chart('values.yaml')) as { secrets: Record<string, unknown> }
  const folder = new URL('../../charts/coverslip/templates', import.meta.url)
  const templates = readdirSync(folder).filter(name => name.endsWith('.tpl'))
  const pod = templates.map(name => chart(`templates/${name}`)).join('\n')
  const open = openSettings()
  for (const module of modules) {
    for (const [name, { secret }] of Object.entries({ ...platformSettings, ...module.config } as Record<
      string,
      Setting
    >)) {
      if (secret) expect(secrets, `${module.name}: ${name}`).toHaveProperty(name)
      else if (!(name in open[module.name]!) && !UNSET.test(name))
        expect(pod, `${module.name}: ${name}`).toContain(name)
    }
  }
})
