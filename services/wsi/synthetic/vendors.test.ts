/** NDPI and MRXS of our own making, as OpenSlide reads them. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeSlide } from '../open.ts'
import { openWithOpenSlide } from '../openslide.ts'
import { createRenderer, plantedIn, type SyntheticOptions, writeSyntheticSlide } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synthetic-vendors-'))
})
afterAll(() => rm(folder, { recursive: true }))

const SIZE = { width: 1500, height: 1200, seed: 7, tileSize: 64 }

async function write(name: string, options: SyntheticOptions): Promise<string> {
  const path = join(folder, name)
  await writeSyntheticSlide(path, { ...SIZE, ...options })
  return path
}

/** Peak signal-to-noise ratio of a region as OpenSlide decodes it against the pixels that were drawn, dB. */
async function fidelity(path: string, x: number, y: number, width: number, height: number): Promise<number> {
  const slide = await openWithOpenSlide(path)
  const read = await slide.readRegion(x, y, width, height)
  await slide.close()
  const { description } = slide
  const scene = { width: description.width, height: description.height, seed: SIZE.seed, mpp: 0.499 }
  const drawn = createRenderer(scene).render(x, y, width, height)
  let squares = 0
  for (let i = 0; i < drawn.length; i++) squares += ((drawn[i] as number) - (read[i] as number)) ** 2
  return 10 * Math.log10((255 * 255 * drawn.length) / squares)
}

/** All bytes of a slide's files. */
async function bytesOf(path: string): Promise<Buffer> {
  const beside = path.replace(/\.mrxs$/, '')
  if (beside === path) return readFile(path)
  const names = await readdir(beside)
  return Buffer.concat(await Promise.all([path, ...names.map(name => join(beside, name))].map(file => readFile(file))))
}

describe('an NDPI', () => {
  test.each(['4:2:2', '4:4:4'] as const)('with %s shows what was drawn', async subsampling => {
    const path = await write(`${subsampling}.ndpi`, { format: 'hamamatsu', subsampling })
    const { levels, ...description } = await describeSlide(path)
    expect(description).toMatchObject({ format: 'hamamatsu', width: 1536, height: 1280, objectivePower: 20 })
    expect(description.mpp?.x).toBeCloseTo(0.499, 6)
    expect(description.associated.map(({ kind }) => kind)).toEqual(['macro', 'other'])
    expect(levels.length).toBeGreaterThanOrEqual(2)
    expect(await fidelity(path, 500, 300, 600, 500)).toBeGreaterThan(28)
  })

  test('may begin behind 4 GiB', async () => {
    const path = await write('far.ndpi', { format: 'hamamatsu', width: 200, height: 200, hole: 2 ** 32 + 4096 })
    expect((await stat(path)).size).toBeGreaterThan(2 ** 32)
    expect(await fidelity(path, 0, 0, 256, 256)).toBeGreaterThan(28)
  })
})

describe('a MIRAX slide', () => {
  test.each([
    ['without overlap', { overlap: 0 }],
    ['with compressed positions', { overlap: 16 }],
    ['with plain positions and several data files', { overlap: 16, positions: 'plain', dataFileBytes: 300_000 }],
  ] as const)('%s shows what was drawn', async (name, options) => {
    const path = await write(`${name.replaceAll(' ', '-')}.mrxs`, { format: 'mirax', ...options })
    const { levels, ...description } = await describeSlide(path)
    expect(description).toMatchObject({ format: 'mirax', objectivePower: 20 })
    expect(description.mpp?.x).toBeCloseTo(0.499, 6)
    expect(description.associated.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['label', 'macro', 'thumbnail']),
    )
    expect(levels.length).toBe(6)
    // Within the first photograph: where others lie is the positions' matter, which the next line sees.
    expect(await fidelity(path, 0, 0, 200, 200)).toBeGreaterThan(28)
    expect(await fidelity(path, 300, 300, 600, 500)).toBeGreaterThan(26)
  })

  test('leaves glass out', async () => {
    const path = await write('sparse.mrxs', { format: 'mirax', width: 3000, height: 3000 })
    const ini = await readFile(join(path.replace('.mrxs', ''), 'Slidedat.ini'), 'utf8')
    const photographs = Number(/SCANNED_FOV_COUNT = (\d+)/.exec(ini)?.[1])
    expect(photographs).toBeGreaterThan(10)
    expect(photographs).toBeLessThan(169)
  })
})

describe.each(['aperio', 'generic-tiff', 'hamamatsu', 'mirax'] as const)('a slide as %s', format => {
  const suffix = format === 'mirax' ? '.mrxs' : '.slide'

  test('hides what the generator says it hides, and opens all the same', async () => {
    const path = await write(`hiding-${format}${suffix}`, { format, hidingPlaces: 'all' })
    const bytes = await bytesOf(path)
    for (const { place, text, as } of plantedIn(format)) {
      if (as === 'ascii') expect(bytes.includes(Buffer.from(text, 'latin1')), place).toBe(true)
      if (as === 'utf-16le') expect(bytes.includes(Buffer.from(text, 'utf16le')), place).toBe(true)
    }
    const slide = await openWithOpenSlide(path)
    await slide.close()
    expect(slide.description.format).toBe(format)
  })

  test('is the same to the last byte with one worker', async () => {
    const [two, one] = [
      await write(`two-${format}${suffix}`, { format }),
      await write(`one-${format}${suffix}`, { format, workers: 1 }),
    ]
    expect((await bytesOf(two)).equals(await bytesOf(one))).toBe(true)
  })
})
