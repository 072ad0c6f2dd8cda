/** Every format in: real and made slides, the whole way, and back out as an original that other programs open. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Slide } from '@coverslip/proto/api.ts'
import { openSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { type SyntheticOptions, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { READABLE_SLIDES, sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { decodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, eventually } from '../client.ts'
import type { Shape } from '../shape.ts'
import { unzip, zipOf } from './archive.ts'
import { plantedWords, stringsFound } from './planted.ts'
import { filesAt, filesOf, plantedIn } from './slides.ts'

const FORMATS = Object.entries({
  'made.svs': { format: 'aperio', hidingPlaces: 'all' },
  'made.tiff': { format: 'generic-tiff', hidingPlaces: 'all' },
  'made.ndpi': { format: 'hamamatsu', hidingPlaces: 'all' },
  'made.mrxs': { format: 'mirax', hidingPlaces: 'all', overlap: 0 },
  'overlapping.mrxs': { format: 'mirax', hidingPlaces: 'all', overlap: 32 },
} satisfies Record<string, SyntheticOptions>)

/** What is refused, and by which word of the reason. */
const REFUSED = [
  ['ome-tiff/multi-channel-z-series.ome.tif', /channels, focal planes/],
  ['ome-tiff/cells.ome.tif', /one plane per colour/],
  ['mrxs/Mirax2-Fluorescence-1.mrxs', /channels|damaged|incomplete/],
] as const

export function formatsSuite(shape: () => Shape): void {
  let client: Client
  let folder: string
  beforeAll(async () => {
    client = clientOf(shape())
    folder = await mkdtemp(join(tmpdir(), 'coverslip-e2e-formats-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function ready(id: string): Promise<Slide> {
    expect(await client.settled(id)).toMatchObject({ state: 'ready', reason: null })
    return eventually(20, 'the catalog to say ready', async () => {
      const found = await client.slide(id)
      return found.state === 'ready' ? found : undefined
    })
  }

  /** The original as somebody takes it home. @returns the slide's path, and all bytes that were given out */
  async function original(id: string): Promise<{ path: string; bytes: Buffer }> {
    const answer = await client.get(`/api/slides/${id}/original`)
    expect(answer.status).toBe(200)
    const bytes = Buffer.from(await answer.arrayBuffer())
    const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition')!)![1]!
    if (!name.endsWith('.zip')) {
      await writeFile(join(folder, name), bytes)
      return { path: join(folder, name), bytes }
    }
    const paths = await unzip(bytes, folder)
    const contents = await Promise.all(paths.map(path => readFile(join(folder, path))))
    return { path: join(folder, paths.find(path => path.endsWith('.mrxs'))!), bytes: Buffer.concat(contents) }
  }

  /** The whole way of the slide at `path`: its tiles show it, its original is it, and neither tells of the patient. */
  async function expectWhole(id: string, path: string, planted: string[]): Promise<void> {
    const slide = await ready(id)
    const reader = await openSlide(path)
    try {
      const { width, height, mpp, objectivePower } = reader.description
      expect(slide).toMatchObject({ width, height, objectivePower })
      if (mpp) expect(slide.mpp).toBeCloseTo(mpp.x, 3)
      await expectSamePixels(client, slide, (x, y, w, h) => reader.readRegion(x, y, w, h))
    } finally {
      await reader.close()
    }
    const taken = await original(id)
    await expectSameInOpenSlide(path, taken.path)
    const told = await Promise.all(
      ['pyramid', 'deidentification'].map(part =>
        client.get(`/api/slides/${id}/${part}`).then(one => one.arrayBuffer()),
      ),
    )
    for (const bytes of [taken.bytes, ...told.map(one => Buffer.from(one))]) {
      expect(stringsFound(bytes, planted)).toEqual([])
    }
  }

  describe.skipIf(!sharedData)(`slides of ../shared/data${unlessMissing}`, () => {
    test.each(READABLE_SLIDES)('%s goes the whole way', async path => {
      const id = await client.upload(await filesOf(path))
      await expectWhole(id, sharedSlide(path), await plantedIn(path))
    })

    test.each(REFUSED)('%s is refused, and the reason says what it is', async (path, reason) => {
      const slide = await client.settled(await client.upload(await filesOf(path)), 60)
      expect(slide.state).toBe('failed')
      expect(slide.reason).toMatch(reason)
    })
  })

  test.each(FORMATS)('%s with all hiding places goes the whole way', async (name, options) => {
    const path = join(folder, name)
    await writeSyntheticSlide(path, { width: 1500, height: 1200, seed: 17, workers: 1, ...options })
    const id = await client.upload(await filesAt(path))
    await expectWhole(id, path, plantedWords)
  })

  test('an MRXS that comes as a zip is the slide that it is in a folder', async () => {
    const path = join(folder, 'packed.mrxs')
    await writeSyntheticSlide(path, { width: 900, height: 700, seed: 19, format: 'mirax', workers: 1 })
    const files = await filesAt(path)
    const bytes = zipOf(files.map(({ path: inside, bytes }) => ({ path: `scan 7/${inside}`, bytes })))
    const id = await client.upload([{ name: 'packed.zip', bytes }])
    await expectWhole(id, path, plantedWords)
  })

  test('a zip without a slide is refused with a reason', async () => {
    const bytes = zipOf([{ path: 'letter.txt', bytes: Buffer.from('Dear colleague') }])
    const slide = await client.settled(await client.upload([{ name: 'letter.zip', bytes }]), 60)
    expect(slide).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^[A-Z].{15,}/) })
  })
}

/** The tile in the middle of level 0 against the source's own pixels: the same place, within what Q 50 costs. */
async function expectSamePixels(
  client: Client,
  slide: Slide,
  readRegion: (x: number, y: number, width: number, height: number) => Promise<Buffer>,
): Promise<void> {
  const top = Math.ceil(Math.log2(Math.max(slide.width, slide.height)))
  const [x, y] = [Math.floor(slide.width / 512), Math.floor(slide.height / 512)]
  const answer = await eventually(20, 'the tiles', async () => {
    const found = await client.get(`/tiles/${slide.id}/1_files/${top}/${x}_${y}.jpeg`)
    return found.ok ? found : undefined
  })
  const tile = decodeRgb(Buffer.from(await answer.arrayBuffer()))
  const pixels = await readRegion(x * 256, y * 256, tile.width, tile.height)
  let squares = 0
  for (const [i, value] of tile.data.entries()) squares += (value - pixels[i]!) ** 2
  const psnr = 10 * Math.log10((255 * 255 * pixels.length) / Math.max(squares, 1))
  expect(psnr).toBeGreaterThan(24)
}

/** What OpenSlide shows of the source's levels it shows of the original's: the same sizes, and in the middle the same pixels. */
async function expectSameInOpenSlide(source: string, original: string): Promise<void> {
  const before = await openWithOpenSlide(source).catch((error: { code?: string }) => {
    // A plain TIFF of strips is none of OpenSlide's formats.
    if (error.code === 'not-a-slide' || error.code === 'unsupported') return null
    throw error
  })
  if (!before) return
  const after = await openWithOpenSlide(original)
  try {
    const sizes = before.description.levels.map(({ width, height }) => [width, height])
    expect(after.description.levels.map(({ width, height }) => [width, height])).toEqual(sizes)
    expect(after.description.associated).toEqual([])
    const { width, height } = before.description
    for (const [level, [w, h]] of (sizes as [number, number][]).entries()) {
      const size = { width: Math.min(256, w), height: Math.min(256, h) }
      const scale = width / w
      const place = {
        x: Math.max(0, Math.floor(width / 2 - (size.width * scale) / 2)),
        y: Math.max(0, Math.floor(height / 2 - (size.height * scale) / 2)),
      }
      const [theirs, ours] = await Promise.all([before, after].map(one => one.readLevel(level, place, size)))
      expect({ level, equal: ours!.equals(theirs!) }).toEqual({ level, equal: true })
    }
  } finally {
    await Promise.all([before.close(), after.close()])
  }
}
