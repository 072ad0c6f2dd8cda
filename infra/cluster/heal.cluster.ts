/**
 * Whatever befalls pods, nodes, servers, disks and the network while people read, draw and upload: how many requests fail,
 * how long it lasts, and that nothing that was confirmed is lost and no event doubled. Prints the table of charts/README.md.
 * HEAL (a regular expression) says what shall befall, for one `tiles`; HEAL_MINUTES for how long something new does.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf } from '../../services/e2e/client.ts'
import { type Api, isReady, openApi, type Pod } from './api.ts'
import { beginCampaign, type Campaign } from './campaign.ts'
import { allTold } from './events.ts'
import { mainPid } from './pids.ts'
import { install, type Release } from './release.ts'
import { apply, clusterMissing, kubectl } from './tool.ts'

const missing = clusterMissing()
const NAMESPACE = process.env.COVERSLIP_NAMESPACE ?? 'heal'
/** Two of each whom people wait for. */
const TWICE = ['access', 'annotations', 'catalog', 'ingest', 'intake', 'public', 'pyramid', 'subjects', 'tiles']
const VALUES = {
  ...(process.env.COVERSLIP_TAG ? { image: { tag: process.env.COVERSLIP_TAG } } : {}),
  labels: { drill: NAMESPACE },
  front: { replicas: 2 },
  services: Object.fromEntries(TWICE.map(name => [name, { replicas: 2 }])),
}
const SERVERS = ['nats', 'postgres', 'redis', 's3']
const QUIET_MS = 4000
const READY_MS = 600_000
const DISK = `/var/tmp/coverslip-disks/${NAMESPACE}`

interface Blow {
  name: string
  befall(): Promise<void>
}

describe.skipIf(missing)(`healing${missing ? ` (${missing})` : ''}`, () => {
  let api: Api
  let release: Release
  let campaign: Campaign
  let smallDisk = false

  beforeAll(async () => {
    api = await openApi()
    smallDisk = await mountSmallDisk()
    release = await install(api, NAMESPACE, VALUES)
    campaign = await beginCampaign(clientOf({ url: release.url, token: await release.ownerToken() }))
  }, 600_000)
  afterAll(async () => {
    await campaign?.stop()
    if (smallDisk) execFileSync('umount', ['--lazy', `${DISK}/s3`])
    await release?.uninstall()
    await rm(`${DISK}-s3.img`, { force: true })
    await api?.stop()
  }, 300_000)

  const podsOf = (component: string): Promise<Pod[]> =>
    api.pods(NAMESPACE, { 'app.kubernetes.io/component': component })
  const remove = (pod: Pod, query = ''): Promise<unknown> =>
    api.ask(`/api/v1/namespaces/${NAMESPACE}/pods/${pod.metadata.name}${query}`, { method: 'DELETE' })

  /** In good order, as a rollout or an eviction does. */
  const deleted = (component: string): Blow => ({
    name: `a pod of ${component} is deleted`,
    befall: async () => void (await remove((await podsOf(component)).filter(isReady)[0]!)),
  })
  const killed = (component: string): Blow => ({
    name: `a process of ${component} is killed (SIGKILL)`,
    async befall() {
      const pod = (await podsOf(component)).filter(isReady)[0]!
      const pid = mainPid(pod.metadata.uid)
      if (pid === undefined) await remove(pod, '?gracePeriodSeconds=0')
      else process.kill(pid, 'SIGKILL')
    },
  })
  /** The policy that lets anybody in is away; the one that closes everything stays. */
  const cutOff = (server: string, seconds: number): Blow => ({
    name: `the network to ${server} is cut for ${seconds} s`,
    async befall() {
      const policy = JSON.parse(
        await kubectl('get', '-n', NAMESPACE, 'networkpolicy', `slides-coverslip-${server}`, '-o', 'json'),
      ) as { metadata: Record<string, unknown> }
      const { name, namespace, labels, annotations } = policy.metadata
      await kubectl('delete', '-n', NAMESPACE, 'networkpolicy', `slides-coverslip-${server}`)
      await sleep(seconds * 1000)
      await apply([{ ...policy, metadata: { name, namespace, labels, annotations } }])
    },
  })
  const drained: Blow = {
    name: 'the node without disks is drained',
    async befall() {
      const nodes = (await kubectl('get', 'nodes', '-o', 'name')).trim().split('\n').sort()
      const node = nodes[0]!.replace('node/', '')
      try {
        const own = ['--pod-selector', `drill=${NAMESPACE}`, '--ignore-daemonsets', '--delete-emptydir-data']
        await kubectl('drain', node, ...own, '--timeout', '180s')
      } finally {
        await kubectl('uncordon', node)
      }
    },
  }
  const filled: Blow = {
    name: 'the disk of the object store is full for 10 s',
    async befall() {
      execFileSync('sh', ['-c', `cat /dev/zero >"${DISK}/s3/filler" 2>/dev/null || true`])
      await sleep(10_000)
      await rm(`${DISK}/s3/filler`, { force: true })
    },
  }
  const all = (): Blow[] =>
    [
      ...SERVERS.map(deleted),
      drained,
      ...['tiles', 'public', 'annotations', 'ingest', 'deidentify', 'pyramid', 'catalog'].map(killed),
      ...['nats', 'postgres', 's3'].map(server => cutOff(server, 10)),
      ...(smallDisk ? [filled] : []),
      ...['front', 'tiles', ...TWICE.filter(name => name !== 'tiles'), 'deidentify'].map(deleted),
    ].filter(({ name }) => new RegExp(process.env.HEAL ?? '').test(name))

  it('loses nothing and doubles nothing, whatever befalls', async () => {
    const rows: string[] = []
    const until = performance.now() + 60_000 * Number(process.env.HEAL_MINUTES ?? 60)
    for (const { name, befall } of all()) {
      if (performance.now() > until) break
      await sleep(QUIET_MS)
      const begun = performance.now()
      await befall()
      const back = await everybodyReady(begun)
      // What fails later than this has another cause.
      await sleep(QUIET_MS)
      rows.push(rowOf(name, campaign, begun, back))
      console.log(rows.at(-1))
    }
    await campaign.stop()
    const { annotations, slides } = await campaign.verify()
    const nats = (await podsOf('nats')).find(isReady)!.status.podIP
    const told = await allTold(`nats://coverslip:${await release.secret('password')}@${nats}:4222`, 120)
    console.log([...HEAD, ...rows].join('\n'))
    console.log(`confirmed: ${annotations} annotations, ${slides} slides; events ${JSON.stringify(told)}`)
    expect(told).toMatchObject({ doubled: 0, dead: 0 })
    expect(campaign.since(0).says.filter(says => says.endsWith('wrong'))).toEqual([])
  }, 2_400_000)

  /** @returns seconds since `begun` */
  async function everybodyReady(begun: number): Promise<number> {
    for (;;) {
      const pods = await api.pods(NAMESPACE)
      const running = pods.filter(({ status }) => status.phase !== 'Succeeded')
      if (running.length > 0 && running.every(isReady)) return (performance.now() - begun) / 1000
      // Told as it is; what comes next befalls a system that has not healed yet.
      if (performance.now() - begun > READY_MS) return Number.POSITIVE_INFINITY
      await sleep(500)
    }
  }
})

const HEAD = [
  '| while people read, draw and upload | tiles asked | sent again | failed | drawings | failed | uploads | failed | last failure after s | pods ready again after s |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
]

function rowOf(name: string, campaign: Campaign, begun: number, back: number): string {
  const { asked, failed, says, lastFailure } = campaign.since(begun)
  const after = says.length > 0 ? ((lastFailure - begun) / 1000).toFixed(1) : ''
  const of = (kind: 'drawing' | 'upload'): number[] => [asked[kind], failed[kind]]
  const counts = [asked.tile, asked.repeated, failed.tile, ...of('drawing'), ...of('upload')]
  return `| ${[`${name}${says.length > 0 ? ` (${says.join(', ')})` : ''}`, ...counts, after, Number.isFinite(back) ? back.toFixed(0) : 'not in 600'].join(' | ')} |`
}

/** A disk of its own for the object store, small enough to be filled, where the nodes are this machine and lend a loop device. */
async function mountSmallDisk(): Promise<boolean> {
  try {
    await mkdir(`${DISK}/s3`, { recursive: true })
    execFileSync('truncate', ['-s', '700M', `${DISK}-s3.img`])
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', `${DISK}-s3.img`], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'loop', `${DISK}-s3.img`, `${DISK}/s3`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
