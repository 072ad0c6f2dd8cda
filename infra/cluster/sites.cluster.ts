/** Two sites: what goes from the hospital to the cloud, what does not, and what becomes of it when they are apart. */
import { setTimeout as sleep } from 'node:timers/promises'
import { calls } from '@coverslip/proto/services.ts'
import { onPremOnly } from '@coverslip/proto/sites.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, eventually, withJson } from '../../services/e2e/client.ts'
import { plantedWords, stringsFound } from '../../services/e2e/suites/planted.ts'
import { plantedSlide } from './planted-slide.ts'
import { reached, startTwoSites, type Target, type TwoSites } from './sites.ts'
import { clusterMissing } from './tool.ts'

interface Withdrawal {
  id: string
  state: string
  keepers: string[]
  slides: { waitingFor: string[] }[]
  downloads: { slide: string; what: string }[]
}

const missing = clusterMissing()
const APART_MS = 60_000

describe.skipIf(missing)(`two sites on a cluster${missing ? ` (${missing})` : ''}`, () => {
  let sites: TwoSites
  let hospital: Client
  let cloud: Client
  let id: string

  beforeAll(async () => {
    sites = await startTwoSites(process.env.COVERSLIP_IMAGE_TAG)
    hospital = clientOf(sites.hospital)
    cloud = clientOf(sites.cloud)
    // Two installations, each within its own limit.
  }, 1_260_000)
  afterAll(() => sites?.stop(), 300_000)

  const send = async (seed: number): Promise<string> => {
    const { name, bytes } = await plantedSlide(seed)
    return hospital.upload([{ name, bytes }])
  }
  const readyInCloud = (slideId: string, seconds = 120) =>
    eventually(seconds, `slide ${slideId} at the cloud`, async () => {
      const slide = await cloud.slide(slideId).catch(() => undefined)
      return slide?.state === 'ready' ? slide : undefined
    })
  const tileOf = async (client: Client, slideId: string): Promise<Buffer> => {
    const answer = await client.get(`/tiles/${slideId}/1_files/10/1_1.jpeg`)
    expect(answer.status).toBe(200)
    return Buffer.from(await answer.arrayBuffer())
  }

  test('a slide that came to the hospital is seen at both sites, tile by tile the same', async () => {
    id = await send(11)
    expect(await hospital.settled(id)).toMatchObject({ state: 'ready' })
    const slide = await readyInCloud(id)
    expect(slide).toMatchObject({ width: 1200, height: 900, name: (await hospital.slide(id)).name })
    const tiles = await eventually(60, 'the same tile at both sites', async () => {
      const both = await Promise.all([tileOf(hospital, id), tileOf(cloud, id)])
      return both[0].equals(both[1]) ? both : undefined
    })
    expect(tiles[0].length).toBeGreaterThan(500)
  }, 300_000)

  test('nothing of the patient is in the cloud: database, objects, streams, logs, traces; nor in what went there', async () => {
    // Where it may be, it is found: so the search finds.
    const kept = await sites.hospital.everything(id)
    expect(stringsFound(kept.sources!, plantedWords).length).toBeGreaterThan(3)
    // Spans are sent some seconds later.
    const found = await eventually(30, 'the cloud to tell of itself everywhere', async () => {
      const all = await sites.cloud.everything(id)
      const places = ['database', 'streams', 'pyramids', 'logs', 'traces']
      return places.every(place => all[place]!.length > 100) ? all : undefined
    })
    for (const place of ['database', 'streams']) expect(found[place]!.includes(id), place).toBe(true)
    expect([found.sources!.length, found.originals!.length]).toEqual([0, 0])
    for (const [place, bytes] of Object.entries(found)) expect(stringsFound(bytes, plantedWords), place).toEqual([])
    const { leaf, store } = sites.cables
    for (const cable of [leaf, store]) {
      expect(cable.record().includes(id)).toBe(true)
      expect(stringsFound(cable.record(), plantedWords)).toEqual([])
    }
  }, 120_000)

  test('the cloud never hears that a slide exists before it is de-identified', async () => {
    const events = await sites.cloud.events()
    expect(events.filter(({ stream }) => stream === 'INTAKE')).toEqual([])
    expect(sites.cables.leaf.record().includes('slides.onprem.received')).toBe(false)
    expect(sites.cables.leaf.record().includes('slides.onprem.deidentified')).toBe(true)
  })

  test('no pod of the cloud reaches the source store, the ledger, or intake', async () => {
    const targets: Target[] = await Promise.all(
      (
        [
          ['the source store', 's3', 7070],
          ['the ledger’s database', 'postgres', 5432],
          ['the ledger', 'subjects', 50051],
          ['the ledger’s pages', 'subjects', 8080],
          ['intake', 'intake', 8080],
          ['ingest', 'ingest', 8080],
          ['the events of intake', 'nats', 4222],
        ] as const
      ).map(async ([what, component, port]) => ({ what, host: await sites.hospital.podOf(component), port })),
    )
    const kept = onPremOnly()
    const inCloud = Object.keys(calls).filter(name => !kept.has(name as never) && name !== 'pyramid')
    for (const service of inCloud) expect(await reached(sites.cloud, service, targets), service).toEqual([])
    // Who may, can: it is the policies that keep the others out.
    expect(await reached(sites.hospital, 'ingest', targets)).toContain('the source store')
    const own = { what: 'pyramids', host: await sites.cloud.podOf('s3'), port: 7070 }
    expect(await reached(sites.cloud, 'tiles', [own])).toEqual(['pyramids'])
  }, 300_000)

  test('a minute apart: each site works on, nothing is lost, nothing comes twice', async () => {
    const victim = await send(12)
    await readyInCloud(victim)
    sites.cables.leaf.cut()
    const begun = Date.now()
    const during = [await send(13), await send(14)]
    for (const one of during) expect(await hospital.settled(one)).toMatchObject({ state: 'ready' })
    expect((await cloud.get(`/api/slides/${victim}`, { method: 'DELETE' })).ok).toBe(true)
    expect(await tileOf(cloud, id)).toEqual(await tileOf(hospital, id))
    await sleep(Math.max(0, APART_MS - (Date.now() - begun)))
    for (const one of during) expect((await cloud.get(`/api/slides/${one}`)).status).toBe(404)
    expect((await hospital.get(`/api/intake/slides/${victim}`)).status).toBe(200)

    sites.cables.leaf.mend()
    const mended = performance.now()
    for (const one of during) await readyInCloud(one)
    await eventually(60, 'the deletion to reach the hospital', async () =>
      (await hospital.get(`/api/intake/slides/${victim}`)).status === 404 ? true : undefined,
    )
    console.info(`together again after ${((performance.now() - mended) / 1000).toFixed(1)} s`)
    // Objects go with the receipts that follow.
    await eventually(60, 'the source of what was deleted to be gone', async () =>
      (await sites.hospital.everything(victim)).sources!.length === 0 ? true : undefined,
    )
    for (const site of [sites.hospital, sites.cloud]) {
      const events = await site.events()
      expect(new Set(events.map(({ stream, id }) => `${stream} ${id}`)).size).toBe(events.length)
      const about = (slideId: string, subject: string): number =>
        events.filter(one => one.subject === subject && one.data.includes(slideId)).length
      for (const one of [id, ...during]) {
        expect([about(one, 'slides.onprem.deidentified'), about(one, 'slides.onprem.tiled')]).toEqual([1, 1])
      }
      // What described the slide went with it.
      expect(about(victim, 'slides.onprem.deidentified')).toBe(0)
      expect([about(victim, 'slides.onprem.tiled'), about(victim, 'slides.cloud.deleted')]).toEqual([1, 1])
    }
  }, 400_000)

  test('a withdrawal is proven when the cloud has erased as well, not before', async () => {
    const manifest = 'file,subject\ntaken.svs,somebody\n'
    await hospital.json('/api/manifests', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: manifest })
    const { bytes } = await plantedSlide(15)
    const taken = await hospital.upload([{ name: 'taken.svs', bytes }])
    const { subject } = await readyInCloud(taken)
    await tileOf(cloud, taken)
    const copy = await cloud.get(`/api/slides/${taken}/pyramid`)
    expect([copy.status, (await copy.arrayBuffer()).byteLength > 1000]).toEqual([200, true])

    sites.cables.leaf.cut()
    const { subjects } = await hospital.json<{ subjects: { id: string }[] }>(`/api/subjects?pseudonym=${subject}`)
    const path = `/api/subjects/${subjects[0]!.id}/withdrawal`
    const begun = await hospital.json<Withdrawal>(path, withJson('POST', { reason: 'the subject asked for it' }))
    const shown = () => hospital.json<Withdrawal>(`/api/withdrawals/${begun.id}`)
    const left = await eventually(60, 'the hospital to have erased', async () => {
      const { waitingFor } = (await shown()).slides[0]!
      return waitingFor.every(keeper => keeper.endsWith('@cloud')) ? waitingFor : undefined
    })
    expect(left.toSorted()).toEqual(['annotations@cloud', 'catalog@cloud', 'tiles@cloud'])
    expect((await cloud.slide(taken)).state).toBe('ready')

    sites.cables.leaf.mend()
    const proof = await eventually(90, 'the proof of deletion', async () => {
      const now = await shown()
      return now.state === 'done' ? now : undefined
    })
    expect(proof.keepers).toEqual(expect.arrayContaining(left))
    expect(proof.downloads).toMatchObject([{ slide: taken, what: 'pyramid' }])
    expect((await cloud.get(`/api/slides/${taken}/pyramid`)).status).toBe(404)
    const kept = await sites.cloud.everything(taken)
    expect(kept.pyramids!.length).toBe(0)
  }, 400_000)
})
