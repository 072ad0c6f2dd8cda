/**
 * A hospital and a cloud on one cluster: two releases with servers of their own on the two pools of nodes, whose only ways to
 * each other are cables that the test holds: one to the cloud's NATS (the leaf node), one to its store of pyramids.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dumpPostgres } from '@coverslip/platform/testing/dump.ts'
import { objectsIn } from '@coverslip/platform/testing/stored.ts'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { type Collector, startCollector } from '../../services/e2e/collector.ts'
import { type Cable, startCable } from '../sites/cable.ts'
import { type Api, openApi } from './api.ts'
import { keepLogs, type Logs } from './logs.ts'
import { install, nodeAddress, type Release, type Values } from './release.ts'
import { apply, kubectl } from './tool.ts'

export interface Site {
  release: Release
  url: string
  token: string
  /** The address of a component's pod. */
  podOf(component: string): Promise<string>
  /** All that a test can find at the site, by where it was found. */
  everything(slideId: string): Promise<Record<string, Buffer>>
  /** What the streams keep: subject and id of each message. */
  events(): Promise<{ stream: string; subject: string; id: string; data: Buffer }[]>
}

export interface TwoSites {
  hospital: Site
  cloud: Site
  cables: { leaf: Cable; store: Cable }
  stop(): Promise<void>
}

const SERVER_PORTS = { leaf: 7422, s3: 7070 }

export async function startTwoSites(tag: string | undefined): Promise<TwoSites> {
  const mark = randomBytes(3).toString('hex')
  const [here, there] = [`hospital-${mark}`, `cloud-${mark}`]
  const api = await openApi()
  const node = await nodeAddress(api)
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-sites-'))
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true }), () => api.stop()]
  const stop = async (): Promise<void> => {
    for (const one of undo.reverse()) await one()
  }
  try {
    const password = randomBytes(12).toString('hex')
    const common = (site: 'onprem' | 'cloud', collector: Collector): Values => ({
      site,
      image: tag ? { tag } : {},
      defaults: { nodeSelector: { site } },
      tracing: { endpoint: collector.url },
      network: { traces: { to: [], port: Number(new URL(collector.url).port) } },
    })
    const siteOf = async (namespace: string, site: 'onprem' | 'cloud', values: Values): Promise<Site> => {
      const collector = await startCollector(node)
      const logs = keepLogs(api, namespace, folder)
      undo.push(
        () => collector.stop(),
        () => logs.stop(),
      )
      const release = await install(api, namespace, merge(common(site, collector), values))
      undo.push(() => release.uninstall())
      return openSite(api, release, logs, collector)
    }

    const cloud = await siteOf(there, 'cloud', {
      trial: { leaf: { password }, persistent: false },
      secrets: { OBJECTS_ORIGINAL_URL: { key: '' } },
      services: { pyramid: { replicas: 0 } },
    })
    const leaf = await startCable({ host: await cloud.podOf('nats'), port: SERVER_PORTS.leaf }, node)
    const store = await startCable({ host: await cloud.podOf('s3'), port: SERVER_PORTS.s3 }, node)
    undo.push(
      () => leaf.stop(),
      () => store.stop(),
    )

    const key = await cloud.release.secret('password')
    const pyramids = `s3://coverslip:${key}@coverslip-pyramid?endpoint=http://${node}:${store.port}&region=us-east-1`
    await apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: here } },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'cloud-pyramids', namespace: here },
        stringData: { url: pyramids },
      },
    ])
    const only = [{ ipBlock: { cidr: `${node}/32` } }]
    const hospital = await siteOf(here, 'onprem', {
      trial: { leaf: { password, remote: `${node}:${leaf.port}` }, persistent: false },
      secrets: { LINK_URL: { key: 'link-url' }, OBJECTS_PYRAMID_URL: { name: 'cloud-pyramids', key: 'url' } },
      network: { link: { to: only, port: leaf.port }, pyramid: { to: only, port: store.port } },
      services: { pyramid: { replicas: 1 } },
    })
    return { hospital, cloud, cables: { leaf, store }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const merge = (one: Values, other: Values): Values => {
  const network = { ...(one.network as object), ...(other.network as object) }
  return { ...one, ...other, network }
}

async function openSite(api: Api, release: Release, logs: Logs, collector: Collector): Promise<Site> {
  const { namespace, full, url } = release
  const password = await release.secret('password')
  const sql = `alter role postgres password '${password}'`
  await kubectl('exec', '-n', namespace, `${full}-postgres-0`, '--', 'psql', '-h', '/tmp', '-U', 'postgres', '-c', sql)
  const podOf = async (component: string): Promise<string> =>
    (await api.pods(namespace, { 'app.kubernetes.io/component': component }))[0]!.status.podIP!
  const events = async (): ReturnType<Site['events']> =>
    readStreams(`${await podOf('nats')}:4222`, await release.secret('password'))
  const objects = async (store: string, slideId: string): Promise<Buffer> => {
    const endpoint = `http://${await podOf('s3')}:7070`
    const found = await objectsIn(
      `s3://coverslip:${password}@coverslip-${store}?endpoint=${endpoint}&region=us-east-1`,
      slideId,
    )
    return Buffer.concat([...found].flatMap(([key, bytes]) => [Buffer.from(key), bytes]))
  }
  return {
    release,
    url,
    token: await release.ownerToken(),
    podOf,
    events,
    async everything(slideId) {
      const stored = await events()
      const lines = await Promise.all(logs.files().map(file => readFile(file)))
      return {
        database: Buffer.from(
          await dumpPostgres(`postgres://postgres:${password}@${await podOf('postgres')}:5432/postgres`),
        ),
        streams: Buffer.concat(stored.flatMap(({ subject, id, data }) => [Buffer.from(`${subject} ${id} `), data])),
        sources: await objects('source', slideId),
        originals: await objects('original', slideId),
        pyramids: await objects('pyramid', slideId),
        logs: Buffer.concat(lines),
        traces: collector.spans(),
      }
    },
  }
}

async function readStreams(servers: string, pass: string): ReturnType<Site['events']> {
  const nc = await connect({ servers, user: 'coverslip', pass })
  try {
    const manager = await jetstreamManager(nc)
    const found: Awaited<ReturnType<Site['events']>> = []
    for (const { config, state } of await manager.streams.list().next()) {
      if (state.messages === 0) continue
      const consumer = await jetstream(nc).consumers.get(config.name)
      const messages = await consumer.fetch({ max_messages: state.messages, expires: 5000 })
      for await (const { subject, headers, data } of messages) {
        found.push({ stream: config.name, subject, id: headers?.get('Nats-Msg-Id') ?? '', data: Buffer.from(data) })
      }
    }
    return found
  } finally {
    await nc.close()
  }
}

export interface Target {
  what: string
  host: string
  port: number
}

/** Those to which a pod of a component can open a connection. */
export async function reached(from: Site, component: string, targets: readonly Target[]): Promise<string[]> {
  const { namespace, full } = from.release
  const program = `const { connect } = require('net')
    for (const { what, host, port } of ${JSON.stringify(targets)}) {
      const socket = connect({ host, port, timeout: 5000 })
      for (const end of ['error', 'timeout']) socket.once(end, () => socket.destroy())
      socket.once('connect', () => { console.log(what); socket.destroy() })
    }`
  const node = ['/app/node_modules/.bin/node', '-e', program]
  const said = await kubectl('exec', '-n', namespace, `deploy/${full}-${component}`, '--', ...node)
  return said.split('\n').filter(line => line !== '')
}
