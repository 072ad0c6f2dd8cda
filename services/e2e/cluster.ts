/** A release of the chart on a real cluster, two pods of pyramid among its own, with servers of a trial. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dumpPostgres } from '@coverslip/platform/testing/dump.ts'
import { objectsIn } from '@coverslip/platform/testing/stored.ts'
import { calls, type ServiceName } from '@coverslip/proto/services.ts'
import { type Api, isReady, openApi, type Pod } from '../../infra/cluster/api.ts'
import { keepLogs } from '../../infra/cluster/logs.ts'
import { mainPid } from '../../infra/cluster/pids.ts'
import { untilComponentReached } from '../../infra/cluster/reached.ts'
import { install, nodeAddress, type Release, untilReady, type Values } from '../../infra/cluster/release.ts'
import { kubectl } from '../../infra/cluster/tool.ts'
import { type Client, clientOf } from './client.ts'
import { startCollector } from './collector.ts'
import type { Shape } from './shape.ts'

const SERVICES = Object.keys(calls) as ServiceName[]
const PROCESSES = [...SERVICES, 'pyramid-2']
const SERVERS = ['nats', 'redis', 'postgres', 's3'] as const
/** As in the other shapes. */
const SETTINGS: Values = {
  ingest: { settings: { INGEST_DUPLICATES: 'keep' } },
  subjects: { settings: { LEDGER_PERSON_AGE: '0s' } },
  pyramid: { settings: { PYRAMID_PART_SIZE: '2048', PYRAMID_THREADS: '1' } },
}
/** With COVERSLIP_E2E_NAMESPACE the release is there already, or left there, for somebody to look at. */
export async function startCluster(): Promise<Shape & { release: Release }> {
  const kept = process.env.COVERSLIP_E2E_NAMESPACE
  const namespace = kept ?? `e2e-${randomBytes(3).toString('hex')}`
  const api = await openApi()
  const data = await mkdtemp(join(tmpdir(), 'coverslip-e2e-'))
  const collector = await startCollector(await nodeAddress(api))
  const logs = keepLogs(api, namespace, data)
  const port = Number(new URL(collector.url).port)
  const values = { tracing: { endpoint: collector.url }, network: { traces: { to: [], port } }, services: SETTINGS }
  const release = await install(api, namespace, values)
  const signingKey = join(data, 'signing.pem')
  await writeFile(signingKey, await release.secret('signing-key'), { mode: 0o600 })
  const password = await release.secret('password')
  await kubectl(
    'exec',
    '-n',
    namespace,
    `${release.full}-postgres-0`,
    '--',
    'psql',
    '-h',
    '/tmp',
    '-U',
    'postgres',
    '-c',
    `alter role postgres password '${password}'`,
  )
  const token = await release.ownerToken()
  const pods = await componentsOf(api, release, clientOf({ url: release.url, token }))
  return {
    name: 'a cluster',
    release,
    url: release.url,
    token,
    signingKey,
    get logs() {
      return logs.files()
    },
    processes: PROCESSES,
    pid: pods.pid,
    kill: pods.kill,
    restart: pods.restart,
    servers: Object.fromEntries(
      SERVERS.map(server => [server, { kill: () => pods.kill(server), restart: () => pods.restart(server) }]),
    ),
    folders: { data },
    async objects(store, slideId) {
      const address = await pods.address('s3')
      const url = `s3://coverslip:${password}@coverslip-${store}?endpoint=http://${address}:7070&region=us-east-1`
      return objectsIn(url, slideId)
    },
    dump: async () => dumpPostgres(`postgres://postgres:${password}@${await pods.address('postgres')}:5432/postgres`),
    spans: collector.spans,
    async stop() {
      if (!kept) await release.uninstall()
      await logs.stop()
      await api.stop()
      await collector.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}

const componentOf = (process: string): string => process.replace(/-\d+$/, '')

/** Pods by component, and what befalls them. */
async function componentsOf(api: Api, { namespace, full }: Release, client: Client) {
  const listed = (component?: string): Promise<Pod[]> =>
    api.pods(namespace, component ? { 'app.kubernetes.io/component': component } : {})
  let known = await listed()
  const wanted = new Map<string, number>()
  for (const { metadata } of known) {
    const component = metadata.labels['app.kubernetes.io/component']!
    wanted.set(component, (wanted.get(component) ?? 0) + 1)
  }
  const killed = new Set<string>()
  const isServer = (component: string): boolean => (SERVERS as readonly string[]).includes(component)
  const nameOf = (component: string): string => `${full}-${component}`

  /**
   * What the process does last is what SIGKILL lets it do. A service's pod is followed by another at once; a server stays
   * away until it is wanted back.
   */
  async function kill(name: string): Promise<void> {
    const component = componentOf(name)
    const living = (await listed(component)).filter(({ metadata }) => !metadata.deletionTimestamp)
    const doomed = living.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))[0]
    killed.add(name)
    if (isServer(component)) await api.scale(namespace, 'statefulsets', nameOf(component), 0)
    if (!doomed) return
    const pid = mainPid(doomed.metadata.uid)
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    const path = `/api/v1/namespaces/${namespace}/pods/${doomed.metadata.name}?gracePeriodSeconds=0`
    await api.ask(path, { method: 'DELETE' }).catch(() => {})
  }

  async function restart(name: string): Promise<void> {
    const component = componentOf(name)
    const kind = isServer(component) ? 'statefulsets' : 'deployments'
    if (!killed.delete(name)) await kubectl('rollout', 'restart', '-n', namespace, `${kind}/${nameOf(component)}`)
    else if (isServer(component)) await api.scale(namespace, 'statefulsets', nameOf(component), wanted.get(component)!)
    await untilReady(api, namespace, component, wanted.get(component)!)
    await untilComponentReached(client, component)
    known = await listed()
  }

  return {
    kill,
    restart,
    pid(name: string): number {
      const component = componentOf(name)
      const pods = known.filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] === component)
      return mainPid(pods[name === component ? 0 : 1]!.metadata.uid)!
    },
    async address(component: string): Promise<string> {
      return (await listed(component)).find(isReady)!.status.podIP!
    },
  }
}
