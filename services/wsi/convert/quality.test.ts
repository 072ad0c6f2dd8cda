import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFile } from '../byte-source.ts'
import { openSlide } from '../open.ts'
import { convert } from './index.ts'
import { measureQuality } from './quality.ts'
import { rings, writeTiledSlide } from './tiled-slide.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-quality-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function measured(source: string, pyramid: string) {
  const slide = await openSlide(source)
  const bytes = await openFile(pyramid)
  try {
    return await measureQuality(slide, bytes)
  } finally {
    await bytes.close()
    await slide.close()
  }
}

describe('measureQuality', () => {
  it('measures each level against the averaged source, the same at each call', async () => {
    const [source, pyramid] = [join(folder, 'rings.tif'), join(folder, 'rings-pyramid.tif')]
    await writeTiledSlide(source, { picture: rings(3001, 2503), tileSize: 240 })
    await convert(source, pyramid, { quality: 70 })
    const levels = await measured(source, pyramid)
    expect(levels.map(({ level }) => level)).toEqual([0, 1, 2, 3, 4])
    expect(levels.map(({ samples }) => samples)).toEqual([3, 3, 3, 3, 3])
    for (const { psnr, ssim } of levels) {
      expect(psnr).toBeGreaterThan(30)
      expect(ssim).toBeGreaterThan(0.9)
    }
    expect(await measured(source, pyramid)).toEqual(levels)
  })

  it('sees a lower quality, and a pyramid that is shifted by a pixel', async () => {
    const [source, moved] = [join(folder, 'source.tif'), join(folder, 'moved.tif')]
    const picture = rings(800, 600)
    await writeTiledSlide(source, { picture, tileSize: 128 })
    const shifted = {
      ...picture,
      data: picture.data.map((_, i, all) => all[Math.min(i + 3, all.length - 1)] as number),
    }
    await writeTiledSlide(moved, { picture: shifted, tileSize: 128 })
    const made = { good: join(folder, 'q80.tif'), poor: join(folder, 'q10.tif'), moved: join(folder, 'm.tif') }
    await convert(source, made.good, { quality: 80 })
    await convert(source, made.poor, { quality: 10 })
    await convert(moved, made.moved, { quality: 80 })
    const [good, poor, off] = await Promise.all(Object.values(made).map(path => measured(source, path)))
    expect(good![0]!.psnr).toBeGreaterThan(poor![0]!.psnr + 3)
    expect(good![0]!.ssim).toBeGreaterThan(poor![0]!.ssim)
    expect(good![0]!.psnr).toBeGreaterThan(off![0]!.psnr + 3)
  })

  it('leaves out what is too small to compare', async () => {
    const [source, pyramid] = [join(folder, 'tiny.tif'), join(folder, 'tiny-pyramid.tif')]
    await writeTiledSlide(source, { picture: rings(12, 12), tileSize: 16 })
    await convert(source, pyramid)
    expect(await measured(source, pyramid)).toEqual([])
  })
})
