import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeTiledSlide } from './convert/tiled-slide.ts'
import { openSlide } from './open.ts'
import { storedPixels } from './stored-pixels.ts'
import { writeSyntheticSlide } from './synthetic/index.ts'
import { bytesOfTiles } from './tiff/image.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stored-pixels-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function bytesOf(path: string): Promise<number | null> {
  const slide = await openSlide(path)
  try {
    return storedPixels(slide)
  } finally {
    await slide.close()
  }
}

test('tiles that share their bytes are counted once', () => {
  const offsets = Float64Array.of(100, 200, 100, 0)
  expect(bytesOfTiles({ offsets, counts: Float64Array.of(50, 60, 50, 0) })).toBe(110)
})

test('of a tiled slide, the tiles of level 0 and nothing else', async () => {
  const path = join(folder, 'tiled.tiff')
  const picture = { width: 128, height: 64, data: new Uint8Array(128 * 64 * 3) }
  await writeTiledSlide(path, {
    picture,
    replace: column => Buffer.alloc(3000 + column, 0xff),
    icc: Buffer.alloc(9000),
  })
  expect(await bytesOf(path)).toBe(6001)
})

test('of strips, the strips', async () => {
  const path = join(folder, 'strips.tiff')
  const raw = { width: 300, height: 200, channels: 3 } as const
  await sharp(Buffer.alloc(300 * 200 * 3, 7), { raw })
    .tiff({ compression: 'none' })
    .toFile(path)
  expect(await bytesOf(path)).toBe(300 * 200 * 3)
})

describe.each(['hamamatsu', 'mirax'] as const)('of %s', format => {
  test('less than the file, more than half of it', async () => {
    const path = join(folder, format === 'mirax' ? 'slide.mrxs' : 'slide.ndpi')
    await writeSyntheticSlide(path, { format, width: 1500, height: 1200 })
    const data = format === 'mirax' ? join(folder, 'slide', 'Data0000.dat') : path
    const { size } = await stat(data)
    const bytes = await bytesOf(path)
    expect(bytes).toBeGreaterThan(size * 0.3)
    expect(bytes).toBeLessThan(size)
  })
})
