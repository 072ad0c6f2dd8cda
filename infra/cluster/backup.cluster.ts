/** The drill: draw and confirm, back up by the chart's Job, lose every server's disk, restore, and scrub what came back. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, clientOf, eventually, withJson } from '../../services/e2e/client.ts'
import { madeBytes } from '../../services/e2e/suites/made.ts'
import { type Api, openApi } from './api.ts'
import { untilReached } from './reached.ts'
import { install, type Release } from './release.ts'
import { apply, clusterMissing, helm, kubectl } from './tool.ts'

const missing = clusterMissing()
const NAMESPACE = process.env.COVERSLIP_NAMESPACE ?? 'backup'
const CHART = new URL('../../charts/coverslip', import.meta.url).pathname
const DISK = `/var/tmp/coverslip-disks/${NAMESPACE}`
const SERVERS = ['nats', 'postgres', 's3']

describe.skipIf(missing)(`backup and restore on a cluster${missing ? ` (${missing})` : ''}`, () => {
  let api: Api
  let release: Release
  let client: Client

  beforeAll(async () => {
    api = await openApi()
    await makeClaim()
    const image = process.env.COVERSLIP_TAG ? { image: { tag: process.env.COVERSLIP_TAG } } : {}
    const scrub = { schedule: '0 0 1 1 *', nights: 1 }
    const backup = { enabled: true, claim: 'backups', schedule: '0 0 1 1 *', scrub }
    release = await install(api, NAMESPACE, {
      ...image,
      backup: { ...backup, image: 'localhost/coverslip-postgres:dev' },
    })
    client = clientOf({ url: release.url, token: await release.ownerToken() })
  }, 600_000)
  afterAll(async () => {
    await release?.uninstall()
    await kubectl('delete', 'persistentvolume', `${NAMESPACE}-backups`, '--ignore-not-found', '--timeout=60s')
    await rm(`${DISK}-backups`, { recursive: true, force: true })
    await api?.stop()
  }, 300_000)

  async function draw(slide: string): Promise<string> {
    const id = randomUUID()
    const geometry = { type: 'Point', coordinates: [5, 5] }
    const init = withJson('POST', { type: 'Feature', id, geometry, properties: {} })
    expect((await client.get(`/api/slides/${slide}/annotations`, init)).status).toBe(201)
    return id
  }
  async function made(seed: number): Promise<string> {
    const id = await client.upload([
      { name: `${seed}.svs`, bytes: await madeBytes({ width: 2000, height: 1500, seed }) },
    ])
    await client.until(id, 'ready', 200)
    await eventually(60, 'the tiles', () => client.tiled(id))
    return id
  }
  async function tile(id: string): Promise<string> {
    const answer = await client.get(`/tiles/${id}/1_files/11/2_2.jpeg`)
    expect(answer.status).toBe(200)
    return createHash('sha256')
      .update(new Uint8Array(await answer.arrayBuffer()))
      .digest('hex')
  }
  const upgrade = (restore: string): Promise<string> => {
    const at = ['--namespace', NAMESPACE, '--wait', '--wait-for-jobs', '--timeout', '280s']
    return helm('upgrade', 'slides', CHART, '--reuse-values', '--set', `backup.restore=${restore}`, ...at)
  }
  /** @returns what the program printed; undefined when the Job failed */
  async function job(name: string, from: string): Promise<Record<string, unknown>> {
    await kubectl('create', 'job', '-n', NAMESPACE, name, `--from=cronjob/${release.full}-${from}`)
    const ended = await eventually(240, `${name} to end`, async () => {
      const { status } = await api.ask<{ status: { succeeded?: number; failed?: number } }>(
        `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/${name}`,
      )
      return status.succeeded || status.failed ? status : undefined
    })
    const said = await kubectl('logs', '-n', NAMESPACE, `job/${name}`, '-c', from)
    const last = said.trim().split('\n').at(-1)!
    return { succeeded: Boolean(ended.succeeded), ...(last.startsWith('{') ? JSON.parse(last) : { said }) }
  }

  it('no confirmed annotation is lost, and every slide is served with the same bytes', async () => {
    const slides = [await made(1), await made(2)]
    const drawn = await Promise.all(Array.from({ length: 40 }, async (_, i) => ({ slide: slides[i % 2]!, id: '' })))
    for (const one of drawn) one.id = await draw(one.slide)
    const hashes = await Promise.all(slides.map(tile))
    const saved = await job('first', 'backup')
    expect(saved).toMatchObject({ succeeded: true })

    for (const server of [...SERVERS, 'redis'])
      await api.scale(NAMESPACE, 'statefulsets', `${release.full}-${server}`, 0)
    await eventually(120, 'the servers to go', async () => {
      const left = await api.pods(NAMESPACE, { 'app.kubernetes.io/part-of': 'coverslip' })
      return left.some(({ metadata }) => /-(nats|postgres|redis|s3)-0$/.test(metadata.name)) ? undefined : true
    })
    for (const server of SERVERS) {
      for (const name of await readdir(join(DISK, server))) await rm(join(DISK, server, name), { recursive: true })
    }

    const begun = performance.now()
    await upgrade('newest')
    const restored = await kubectl('logs', '-n', NAMESPACE, `job/${release.full}-restore`, '-c', 'restore')
    await upgrade('')
    // The owner's token lay in the pod of access, which is another one now.
    const token = await release.ownerToken()
    await untilReached(release.url, token)
    client = clientOf({ url: release.url, token })
    const seconds = Math.round((performance.now() - begun) / 1000)
    console.log(`saved ${JSON.stringify(saved)}\nrestored ${restored.trim()}\nafter ${seconds} s people read again`)

    expect(await Promise.all(slides.map(tile))).toEqual(hashes)
    for (const { slide, id } of drawn) {
      expect((await client.get(`/api/slides/${slide}/annotations/${id}`)).status).toBe(200)
    }
    await made(3)
    expect(await job('clean', 'scrub')).toMatchObject({ succeeded: true, problems: [] })
    await flipBit(join(DISK, `s3/coverslip-pyramid/${slides[0]}/1/pyramid.tiff`))
    expect(await job('damaged', 'scrub')).toMatchObject({
      succeeded: false,
      problems: [{ store: 'pyramid', key: `${slides[0]}/1/pyramid.tiff`, what: 'changed' }],
    })
  }, 1_200_000)
})

async function flipBit(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const { size } = await file.stat()
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, size >> 1)
  byte[0]! ^= 1
  await file.write(byte, 0, 1, size >> 1)
  await file.close()
}

/** A folder of the node that has the other disks; the nodes are taken to be this machine. */
async function makeClaim(): Promise<void> {
  await mkdir(`${DISK}-backups`, { recursive: true })
  const nodes = (await kubectl('get', 'nodes', '-o', 'name')).trim().split('\n').sort()
  const node = nodes.at(-1)!.replace('node/', '')
  const of = { storageClassName: `folders-${NAMESPACE}`, accessModes: ['ReadWriteOnce'] }
  const name = `${NAMESPACE}-backups`
  await apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        ...of,
        capacity: { storage: '5Gi' },
        persistentVolumeReclaimPolicy: 'Retain',
        local: { path: `${DISK}-backups` },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'backups', namespace: NAMESPACE },
      spec: { ...of, volumeName: name, resources: { requests: { storage: '5Gi' } } },
    },
  ])
}
