/** kill -9 at any step: the slide finishes, once, with nothing half-written to be seen and no event lost. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, eventually } from '../client.ts'
import { processesOf, processOf, type Shape } from '../shape.ts'
import { madeSlide } from './made.ts'

/** Moments after the upload at which the axe falls; a slide of this size takes a second or two. */
const MOMENTS_MS = [0, 150, 400, 800, 1300]

export function survivalSuite(shape: () => Shape): void {
  let client: Client
  let bytes: Buffer
  let folder: string

  beforeAll(async () => {
    client = clientOf(shape())
    folder = await mkdtemp(join(tmpdir(), 'coverslip-e2e-survival-'))
    const path = join(folder, 'slide.svs')
    await writeSyntheticSlide(path, { width: 4000, height: 3000, seed: 11 })
    bytes = await readFile(path)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function expectWhole(id: string): Promise<void> {
    const slide = await eventually(90, 'the slide to be ready', async () => {
      const found = await client.slide(id)
      return found.state === 'ready' ? found : undefined
    })
    expect(slide).toMatchObject({ width: 4000, height: 3000, revision: 1 })
    const tile = await eventually(20, 'a tile', async () => {
      const answer = await client.get(`/tiles/${id}/1_files/12/3_3.jpeg`)
      return answer.ok ? answer : undefined
    })
    expect(
      Buffer.from(await tile.arrayBuffer())
        .subarray(0, 2)
        .toString('hex'),
    ).toBe('ffd8')
    const { slides } = await client.json<{ slides: { id: string }[] }>('/api/slides?limit=1000')
    expect(slides.filter(one => one.id === id)).toHaveLength(1)
  }

  test.each(MOMENTS_MS)(
    'the process that works on the slide is killed %i ms after the upload',
    async ms => {
      const services = [
        ...new Set((['ingest', 'deidentify', 'pyramid', 'tiles'] as const).flatMap(name => processesOf(shape(), name))),
      ]
      const id = await client.upload([{ name: 'slide.svs', bytes }])
      await sleep(ms)
      for (const name of services) await shape().kill(name)
      for (const name of services) await shape().restart(name)
      await expectWhole(id)
    },
    150_000,
  )

  test('a client that dies in the middle of an upload goes on where it was, after the server was killed too', async () => {
    const { createUpload, patchHeaders } = await import('../client.ts')
    const upload = await createUpload(client.get, bytes.length, { filename: 'slide.svs' })
    const half = bytes.length >> 1
    await client.get(upload.location, {
      method: 'PATCH',
      headers: patchHeaders(0),
      body: new Uint8Array(bytes.subarray(0, half)),
    })
    await shape().kill(processOf(shape(), 'ingest'))
    await shape().restart(processOf(shape(), 'ingest'))
    const asked = await client.get(upload.location, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })
    const offset = Number(asked.headers.get('upload-offset'))
    expect(offset).toBeGreaterThan(0)
    const rest = await client.get(upload.location, {
      method: 'PATCH',
      headers: patchHeaders(offset),
      body: new Uint8Array(bytes.subarray(offset)),
    })
    expect(rest.status).toBe(204)
    await expectWhole(upload.slideId)
  }, 150_000)

  test('an annotation that was acknowledged survives', async () => {
    const id = await madeSlide(client)
    const feature = {
      type: 'Feature',
      id: crypto.randomUUID(),
      geometry: { type: 'Point', coordinates: [5, 5] },
      properties: {},
    }
    const answer = await client.get(`/api/slides/${id}/annotations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(feature),
    })
    expect(answer.status).toBe(201)
    await shape().kill(processOf(shape(), 'annotations'))
    await shape().restart(processOf(shape(), 'annotations'))
    await eventually(20, 'the annotation', async () =>
      (await client.get(`/api/slides/${id}/annotations/${feature.id}`)).ok ? true : undefined,
    )
  })
}

/** The real servers behind separate processes, restarted under load. */
export function serverSurvivalSuite(shape: () => Shape): void {
  describe('servers', () => {
    let client: Client
    beforeAll(() => {
      client = clientOf(shape())
    })

    test.each(['nats', 'postgres', 'redis'] as const)(
      '%s is killed and started again while slides are on their way',
      async name => {
        const ids: string[] = []
        const uploads = (async () => {
          for (let i = 0; i < 4; i += 1) ids.push(await retried(() => uploadSmall(client)))
        })()
        await sleep(300)
        await shape().servers[name]!.kill()
        await sleep(1500)
        await shape().servers[name]!.restart()
        await uploads
        for (const id of ids) {
          await eventually(90, 'the slide to be ready', async () =>
            (await client.slide(id)).state === 'ready' ? true : undefined,
          )
        }
      },
    )

    test('without Redis tiles still serve', async () => {
      const id = await madeSlide(client)
      await shape().servers.redis!.kill()
      try {
        for (const tile of ['0_0', '1_0', '2_1']) {
          expect((await client.get(`/tiles/${id}/1_files/10/${tile}.jpeg`)).status).toBe(200)
        }
      } finally {
        await shape().servers.redis!.restart()
      }
    })
  })
}

async function uploadSmall(client: Client): Promise<string> {
  const { smallSlide } = await import('./made.ts')
  return client.upload([{ name: 'small.svs', bytes: await smallSlide() }])
}

/** As a client would: an upload that meets a dead server is tried again. */
async function retried<Result>(work: () => Promise<Result>): Promise<Result> {
  return eventually(60, 'an upload to be taken', work)
}
