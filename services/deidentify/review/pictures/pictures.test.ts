/** What reviewers see of each format, against what OpenSlide or the converter sees. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSlide } from '@coverslip/wsi/open.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLocalPictures } from './local.ts'
import { averaged, renderRegion } from './render.ts'
import { createShelf } from './shelf.ts'
import type { Picture, SlidePictures } from './slide-pictures.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-pictures-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const meanOf = (data: Buffer) => data.reduce((sum, value) => sum + value, 0) / data.length
const FORMATS = [
  ['aperio', 'slide.svs', ['label', 'macro', 'thumbnail']],
  ['generic-tiff', 'slide.tiff', []],
  ['hamamatsu', 'slide.ndpi', ['macro']],
  ['mirax', 'slide.mrxs', ['label', 'macro', 'thumbnail']],
] as const

describe.each(FORMATS)('%s', (format, name, kinds) => {
  let path: string
  let slide: SlidePictures
  beforeAll(async () => {
    path = join(folder, name)
    await writeSyntheticSlide(path, { format, width: 1800, height: 1300, workers: 1 })
    slide = await openLocalPictures(path, format)
  })
  afterAll(() => slide?.close())

  it('shows level 0 as it is', async () => {
    const region = { x: 400, y: 300, width: 200, height: 150 }
    const picture = await renderRegion(slide, region, 1000)
    expect(picture).toMatchObject({ width: 200, height: 150 })
    const reader = await openSlide(path)
    const expected = await reader.readRegion(region.x, region.y, region.width, region.height)
    await reader.close()
    // Decoders round their colours differently.
    const far = expected.filter((value, i) => Math.abs(value - picture.data[i]!) > 4)
    expect(far.length).toBeLessThan(expected.length / 100)
  })

  it('shows all of it in few pixels, of the same colour', async () => {
    const { width, height } = slide.levels[0]!
    const whole = { x: 0, y: 0, width, height }
    const overview = await renderRegion(slide, whole, 300)
    expect(Math.max(overview.width, overview.height)).toBe(300)
    expect(overview.data).toHaveLength(overview.width * overview.height * 3)
    const full = await renderRegion({ ...slide, levels: slide.levels.slice(0, 1) }, whole, 300)
    expect(Math.abs(meanOf(overview.data) - meanOf(full.data))).toBeLessThan(4)
  })

  it('shows the images that the scanner took beside it', async () => {
    for (const kind of ['label', 'macro', 'thumbnail'] as const) {
      const picture = await slide.readAssociated(kind)
      if (!(kinds as readonly string[]).includes(kind)) expect(picture).toBeNull()
      else expect(picture!.data).toHaveLength(picture!.width * picture!.height * 3)
    }
  })
})

describe('averaging', () => {
  it('is the mean of squares, smaller ones at the edges', () => {
    const grey = [0, 10, 20, 30, 40, 50, 60, 70, 80]
    const picture: Picture = { width: 3, height: 3, data: Buffer.from(grey.flatMap(value => [value, value, value])) }
    const { width, height, data } = averaged(picture, 2)
    expect([width, height]).toEqual([2, 2])
    expect([...data].filter((_, i) => i % 3 === 0)).toEqual([20, 35, 65, 80])
  })
})

describe('the shelf', () => {
  const counting = () => {
    const seen = { opened: 0, closed: 0 }
    const open = async (): Promise<SlidePictures> => {
      seen.opened += 1
      return {
        levels: [],
        readLevel: async () => Buffer.alloc(0),
        readAssociated: async () => null,
        async close() {
          seen.closed += 1
        },
      }
    }
    return { seen, open }
  }

  it('opens a slide once for many looks, and closes what was used longest ago', async () => {
    const { seen, open } = counting()
    const shelf = createShelf()
    await Promise.all([1, 2, 3].map(() => shelf.use('a', open, async () => {})))
    expect(seen).toEqual({ opened: 1, closed: 0 })
    for (const key of ['b', 'c', 'd', 'e', 'f', 'g']) await shelf.use(key, open, async () => {})
    expect(seen).toEqual({ opened: 7, closed: 1 })
    await shelf.use('a', open, async () => {})
    expect(seen.opened).toBe(8)
    await shelf.close()
    expect(seen.closed).toBe(8)
  })

  it('forgets a slide that could not be read', async () => {
    const { seen, open } = counting()
    const shelf = createShelf()
    await expect(shelf.use('a', open, () => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged')
    expect(seen.closed).toBe(1)
    await shelf.use('a', open, async () => {})
    expect(seen.opened).toBe(2)
    await shelf.close()
  })
})
