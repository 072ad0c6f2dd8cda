/** A release of the chart in a namespace of its own: installed from nothing, with servers of a trial, and taken away again. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Api, isReady } from './api.ts'
import { untilReached } from './reached.ts'
import { apply, helm, kubectl } from './tool.ts'

const CHART = new URL('../../charts/coverslip', import.meta.url).pathname
const VALUES = new URL('./values.yaml', import.meta.url).pathname
const SERVERS = ['nats', 'postgres', 'redis', 's3'] as const
const LIMIT_MS = 240_000
/** For everything to start at once, also where the machine is at work for others. */
const INSTALL = '10m'

export type Values = Record<string, unknown>

export interface Release {
  namespace: string
  /** Names of objects begin with it. */
  full: string
  /** The front's address, also from outside of the cluster. */
  url: string
  /** What the chart made up for the trial, by key. */
  secret(key: string): Promise<string>
  /** API token of the owner of everything: it lies in the pod of access. */
  ownerToken(): Promise<string>
  uninstall(): Promise<void>
}

/**
 * Installs what infra/cluster/values.yaml says, and `values` on top; the servers of the trial keep what they have when their
 * pods go. Resolves when every pod is ready and reached by those who ask it.
 */
export async function install(api: Api, namespace: string, values: Values = {}): Promise<Release> {
  const full = 'slides-coverslip'
  await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }])
  const disks = await prepareDisks(api, namespace, full)
  const address = await nodeAddress(api)
  const port = await frontPort(api, namespace, full)
  const url = `http://${address}:${port}`
  const front = { service: { type: 'NodePort', nodePort: port } }
  const trial = { persistent: true, storage: '5Gi', storageClass: disks?.storageClass ?? '' }
  const file = join(tmpdir(), `coverslip-values-${namespace}.json`)
  await writeFile(file, JSON.stringify(merged({ publicUrl: url, front, trial }, values)))
  const from = ['--values', VALUES, '--values', file]
  async function uninstall(): Promise<void> {
    await helm('uninstall', 'slides', '--namespace', namespace)
    // Nobody's work is drained any more.
    await kubectl('delete', 'pods', '--all', '--namespace', namespace, '--force', '--grace-period=0')
    await kubectl('delete', 'namespace', namespace, '--timeout=180s')
    await disks?.remove()
  }
  async function ownerToken(): Promise<string> {
    const program = 'require("fs").readFileSync("/tmp/data/owner-token","utf8")'
    const node = ['/app/node_modules/.bin/node', '-p', program]
    return (await kubectl('exec', '-n', namespace, `deploy/${full}-access`, '--', ...node)).trim()
  }
  try {
    const waiting = ['--wait', '--timeout', INSTALL]
    await helm('upgrade', '--install', 'slides', CHART, '--namespace', namespace, ...from, ...waiting)
    await untilReached(url, await ownerToken())
  } catch (error) {
    const pods = await kubectl('get', 'pods', '--namespace', namespace)
    await uninstall()
    throw new Error(`the release did not come up:\n${pods}`, { cause: error })
  } finally {
    await rm(file)
  }
  return {
    namespace,
    full,
    url,
    async secret(key) {
      const { data } = await api.ask<{ data: Record<string, string> }>(
        `/api/v1/namespaces/${namespace}/secrets/${full}-trial`,
      )
      return Buffer.from(data[key] ?? '', 'base64').toString()
    },
    ownerToken,
    uninstall,
  }
}

/** The values of the tests, for those who render or install by themselves. */
export const trialValues = async (): Promise<Values> => parse(await readFile(VALUES, 'utf8')) as Values

/** Objects are merged, everything else is replaced, as Helm does. */
export function merged(low: Values, high: Values): Values {
  const result = { ...low }
  for (const [key, value] of Object.entries(high)) {
    const both = isObject(value) && isObject(result[key])
    result[key] = both ? merged(result[key] as Values, value as Values) : value
  }
  return result
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Where a cluster has no storage class, its nodes are taken to be this machine, and folders of it to be their disks.
 */
async function prepareDisks(
  api: Api,
  namespace: string,
  full: string,
): Promise<{ storageClass: string; remove(): Promise<void> } | undefined> {
  const classes = await api.ask<{ items: object[] }>('/apis/storage.k8s.io/v1/storageclasses')
  if (classes.items.length > 0) return undefined
  const nodes = await api.ask<{ items: { metadata: { name: string } }[] }>('/api/v1/nodes')
  const node = nodes.items
    .map(({ metadata }) => metadata.name)
    .sort()
    .at(-1)!
  const root = join('/var/tmp/coverslip-disks', namespace)
  const storageClass = `folders-${namespace}`
  const names = SERVERS.map(server => `${namespace}-${server}`)
  const { items } = await api.ask<{ items: { metadata: { name: string } }[] }>('/api/v1/persistentvolumes')
  const taken = items.some(({ metadata }) => metadata.name === names[0])
  for (const folder of SERVERS.map(server => join(root, server))) {
    await mkdir(folder, { recursive: true })
    // A cluster that is gone has left its disks behind, with other passwords.
    const left = taken ? [] : await readdir(folder)
    for (const name of left) await rm(join(folder, name), { recursive: true })
  }
  await apply(
    SERVERS.map((server, i) =>
      disk(names[i]!, join(root, server), node, storageClass, namespace, `data-${full}-${server}-0`),
    ),
  )
  return {
    storageClass,
    async remove() {
      await kubectl('delete', 'persistentvolume', ...names, '--ignore-not-found', '--timeout=60s')
      await rm(root, { recursive: true, force: true })
    },
  }
}

const disk = (
  name: string,
  path: string,
  node: string,
  storageClass: string,
  namespace: string,
  claim: string,
): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    capacity: { storage: '5Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: storageClass,
    local: { path },
    claimRef: { namespace, name: claim },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }],
      },
    },
  },
})

interface Node {
  status: { addresses: { type: string; address: string }[] }
}

/** An address of a node: the front is a NodePort there, and what the tests listen on is reached at it where nodes are this machine. */
export async function nodeAddress(api: Api): Promise<string> {
  const { items } = await api.ask<{ items: Node[] }>('/api/v1/nodes')
  return items.flatMap(({ status }) => status.addresses).find(({ type }) => type === 'InternalIP')!.address
}

interface Service {
  metadata: { name: string; namespace: string }
  spec: { ports?: { nodePort?: number }[] }
}

/** The port of a release that is there already, or a free one. */
async function frontPort(api: Api, namespace: string, full: string): Promise<number> {
  const { items } = await api.ask<{ items: Service[] }>('/api/v1/services')
  const own = items.find(({ metadata }) => metadata.namespace === namespace && metadata.name === `${full}-front`)
  const kept = own?.spec.ports?.[0]?.nodePort
  if (kept) return kept
  const taken = new Set(items.flatMap(({ spec }) => spec.ports ?? []).map(({ nodePort }) => nodePort))
  const free = Array.from({ length: 2700 }, (_, i) => 30_000 + i).filter(port => !taken.has(port))
  return free[Math.floor(Math.random() * free.length)]!
}

/** Waits until a component has so many pods, all of them ready and none on its way out. @throws Error that says what is missing */
export async function untilReady(api: Api, namespace: string, component: string, replicas: number): Promise<void> {
  const deadline = Date.now() + LIMIT_MS
  for (;;) {
    const pods = await api.pods(namespace, { 'app.kubernetes.io/component': component })
    if (pods.length === replicas && pods.every(isReady)) return
    if (Date.now() > deadline)
      throw new Error(`${component}: ${pods.filter(isReady).length} of ${replicas} pods are ready`)
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}
