/** The whole way of a slide: uploaded, de-identified, tiled, viewed, downloaded, deleted. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { qualityReport } from '@coverslip/proto/api/quality.ts'
import type { Slide } from '@coverslip/proto/api.ts'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { readHeader } from '@coverslip/wsi/turbojpeg.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, createUpload, eventually, patchHeaders } from '../client.ts'
import type { Shape } from '../shape.ts'
import { plantedWords, stringsFound } from './planted.ts'

export function waySuite(shape: () => Shape): void {
  let client: Client
  beforeAll(() => {
    client = clientOf(shape())
  })

  describe(`a made slide`, () => {
    const name = `${FAKE_PATIENT.fileName}.svs`
    let folder: string
    let source: string
    let id: string
    let slide: Slide

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'coverslip-e2e-slide-'))
      source = join(folder, name)
      await writeSyntheticSlide(source, { width: 1500, height: 1100, seed: 7 })
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))

    test('is uploaded in parts, with a break in between', async () => {
      const bytes = await readFile(source)
      const upload = await createUpload(client.get, bytes.length, { filename: name })
      id = upload.slideId
      const half = Math.floor(bytes.length / 2)
      const first = await client.get(upload.location, {
        method: 'PATCH',
        headers: patchHeaders(0),
        body: new Uint8Array(bytes.subarray(0, half)),
      })
      expect(first.status).toBe(204)
      const asked = await client.get(upload.location, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })
      expect(asked.headers.get('upload-offset')).toBe(String(half))
      const wrong = await client.get(upload.location, {
        method: 'PATCH',
        headers: patchHeaders(5),
        body: new Uint8Array(10),
      })
      expect(wrong.status).toBe(409)
      const rest = await client.get(upload.location, {
        method: 'PATCH',
        headers: patchHeaders(half),
        body: new Uint8Array(bytes.subarray(half)),
      })
      expect(rest.status).toBe(204)
      const source405 = await client.get(upload.location)
      expect(source405.status).toBe(405)
    })

    test('becomes ready, under the same id everywhere', async () => {
      expect(await client.settled(id)).toMatchObject({ id, state: 'ready', reason: null })
      slide = await eventually(10, 'the catalog to say ready', async () => {
        const found = await client.slide(id)
        return found.state === 'ready' ? found : undefined
      })
      expect(slide).toMatchObject({ width: 1500, height: 1100, objectivePower: 20, format: 'aperio' })
      expect(slide.mpp).toBeCloseTo(0.499, 3)
      expect(slide.levels.map(({ width }) => width)).toEqual([1500, 750, 375, 188])
      expect(slide.sizes.pyramid).toBeLessThan(slide.sizes.source)
    })

    test('is in the lists, and found by its name', async () => {
      const all = await client.json<{ slides: Slide[] }>('/api/slides?limit=1000')
      expect(all.slides.map(found => found.id)).toContain(id)
      const found = await client.json<{ slides: Slide[] }>(`/api/slides?q=${slide.name.toLowerCase()}`)
      expect(found.slides.map(one => one.id)).toEqual([id])
    })

    test('has a Deep Zoom description and every tile it promises, clipped at the edges', async () => {
      const dzi = await (await client.get(`/tiles/${id}.dzi`)).text()
      expect(dzi).toContain('Width="1500" Height="1100"')
      for (let level = 0; level <= 11; level += 1) {
        const scale = 2 ** (11 - level)
        const [width, height] = [Math.ceil(1500 / scale), Math.ceil(1100 / scale)]
        const [x, y] = [Math.ceil(width / 256) - 1, Math.ceil(height / 256) - 1]
        const last = Buffer.from(await (await client.get(`/tiles/${id}/1_files/${level}/${x}_${y}.jpeg`)).arrayBuffer())
        expect(readHeader(last)).toMatchObject({ width: width - x * 256, height: height - y * 256 })
        expect((await client.get(`/tiles/${id}/1_files/${level}/${x + 1}_${y}.jpeg`)).status).toBe(404)
      }
    })

    test('answers tiles with an ETag, and 304 when the browser has them', async () => {
      const path = `/tiles/${id}/1_files/11/2_2.jpeg`
      const etag = (await client.get(path)).headers.get('etag')!
      expect(etag).toMatch(/^"[^"]+"$/)
      expect((await client.get(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
      const head = await client.get(path, { method: 'HEAD' })
      expect([head.status, await head.text()]).toEqual([200, ''])
    })

    test('has a thumbnail', async () => {
      const answer = await client.get(`/tiles/${id}/thumbnail.jpeg?max=300`)
      expect(answer.headers.get('content-type')).toBe('image/jpeg')
      expect(readHeader(Buffer.from(await answer.arrayBuffer()))).toMatchObject({ width: 300, height: 220 })
    })

    test('is downloaded, whole and in ranges, as pyramid and as de-identified original', async () => {
      for (const rendition of ['pyramid', 'original']) {
        const whole = Buffer.from(await (await client.get(`/api/slides/${id}/${rendition}`)).arrayBuffer())
        const part = await client.get(`/api/slides/${id}/${rendition}`, { headers: { range: 'bytes=100-199' } })
        expect(part.status).toBe(206)
        expect(part.headers.get('content-range')).toBe(`bytes 100-199/${whole.length}`)
        expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(100, 200))
        expect(stringsFound(whole, plantedWords)).toEqual([])
      }
    })

    test('tells what was removed, and quotes none of it', async () => {
      const report = await client.json(`/api/slides/${id}/deidentification`)
      const text = JSON.stringify(report)
      expect(text).toMatch(/label/)
      expect(text).toMatch(/macro/)
      expect(stringsFound(Buffer.from(text), plantedWords)).toEqual([])
    })

    test('says how near its pyramid is to it, level by level, and what that cost', async () => {
      const report = qualityReport.parse(await client.json(`/api/slides/${id}/quality`))
      expect(report).toMatchObject({ slide: id, coding: { quality: 50, subsampling: '4:2:0' }, parts: { count: 1 } })
      const whole = Buffer.from(await (await client.get(`/api/slides/${id}/pyramid`)).arrayBuffer())
      expect(report.checksums.pyramid).toBe(createHash('sha256').update(whole).digest('hex'))
      expect(report.levels.length).toBeGreaterThan(3)
      for (const level of report.levels) expect(level.ssim).toBeGreaterThan(0.5)
    })

    test('leaves no trace of its source name outside intake', async () => {
      const places = [`/api/slides/${id}`, '/api/slides', `/api/slides/${id}/deidentification`, `/tiles/${id}.dzi`]
      for (const place of places) expect(await (await client.get(place)).text()).not.toMatch(/quillfeather|S24-90817/i)
    })

    test('is gone everywhere after DELETE', async () => {
      expect((await client.get(`/api/slides/${id}`, { method: 'DELETE' })).status).toBe(204)
      await eventually(20, 'tiles, downloads and intake to forget the slide', async () => {
        const paths = [
          `/tiles/${id}/1_files/11/0_0.jpeg`,
          `/api/slides/${id}/pyramid`,
          `/api/slides/${id}/original`,
          `/api/intake/slides/${id}`,
        ]
        const statuses = await Promise.all(paths.map(async path => (await client.get(path)).status))
        return statuses.every(status => status === 404) ? true : undefined
      })
      const { slides } = await client.json<{ slides: Slide[] }>('/api/slides?limit=1000')
      expect(slides.map(one => one.id)).not.toContain(id)
    })
  })
}
