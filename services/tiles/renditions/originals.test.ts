/** Originals of all formats, viewed before there is a pyramid. */
import { readFile } from 'node:fs/promises'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { openSlide } from '@coverslip/wsi/open.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { decodeRgb, readHeader } from '@coverslip/wsi/turbojpeg.ts'
import { afterAll, describe, expect, test } from 'vitest'
import { openPassThrough } from './pass-through.ts'
import { createReaders } from './readers.ts'
import { openRendered } from './rendered.ts'
import type { Pixels } from './rendition.ts'

const readers = createReaders(2)
afterAll(() => readers.close())

const source = async (file: string) => bufferSource(await readFile(sharedSlide(file)))
const rendered = (file: string) =>
  openRendered(readers, async () => ({ path: sharedSlide(file), release: async () => {} }), '1-original', file)

function meanDifference(one: Pixels, other: Uint8Array): number {
  return one.data.reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) / one.data.length
}

describe.skipIf(!sharedData)(`originals${unlessMissing}`, () => {
  test.each([
    ['svs/aperio-4k-rgb240-classic.svs', 240, [4000, 1000]],
    ['svs/aperio-7k-copied.svs', 240, [7200, 1800]],
    ['svs/CMU-1-Small-Region.svs', 240, [2220]],
    ['tiff/generic-3k-512-classic.tiff', 512, [3072, 1536, 768, 384]],
  ])('tiles of %s go out as they are stored, and show what the slide shows', async (file, tileSize, widths) => {
    const rendition = (await openPassThrough(await source(file), '1-original'))!
    expect(rendition).toMatchObject({ name: '1-original', passThrough: true, tileSize })
    expect(rendition.levels.map(({ width }) => width)).toEqual(widths)
    const tile = (await rendition.readTile(0, 1, 2))!
    const reader = await openSlide(sharedSlide(file))
    const pixels = await reader.readRegion(tileSize, 2 * tileSize, tileSize, tileSize)
    await reader.close()
    expect(Buffer.from(decodeRgb(tile).data)).toEqual(pixels)
    const region = await rendition.readRegion(0, tileSize - 10, 2 * tileSize - 10, 20, 20)
    expect(Buffer.from(region.data.subarray((10 * 20 + 10) * 3, (10 * 20 + 20) * 3))).toEqual(pixels.subarray(0, 30))
  })

  test('tiles in RGB say so, or a browser would show false colours', async () => {
    const rendition = (await openPassThrough(await source('svs/CMU-1-Small-Region.svs'), '1-original'))!
    expect(readHeader((await rendition.readTile(0, 0, 0))!).colorspace).toBe('rgb')
  })

  test('what is no tiled TIFF is rendered instead', async () => {
    for (const file of ['ndpi/hamamatsu-6k.ndpi', 'mrxs/mirax-6k-plain.mrxs', 'dicom/sm_image.dcm'])
      expect(await openPassThrough(await source(file), '1-original')).toBeNull()
  })

  test.each(['ndpi/hamamatsu-6k.ndpi', 'mrxs/mirax-6k-plain.mrxs', 'mrxs/mirax-3k-stitching.mrxs'])(
    '%s is rendered at every level',
    async file => {
      const rendition = await rendered(file)
      expect(rendition).toMatchObject({ passThrough: false, tileSize: 256 })
      const reader = await openSlide(sharedSlide(file))
      expect([rendition.width, rendition.height]).toEqual([reader.description.width, reader.description.height])
      const pixels = await reader.readRegion(512, 768, 256, 256)
      await reader.close()
      expect(meanDifference(await rendition.readRegion(0, 512, 768, 256, 256), pixels)).toBeLessThan(1)
      expect(meanDifference(decodeRgb((await rendition.readTile(0, 2, 3))!), pixels)).toBeLessThan(6)
      const last = rendition.levels.at(-1)!
      const small = await rendition.readRegion(rendition.levels.length - 1, 0, 0, last.width, last.height)
      expect(new Set(small.data).size).toBeGreaterThan(20)
      await rendition.close()
    },
  )

  test('a slide that cannot be read says why', async () => {
    await expect(rendered('mrxs/Mirax2-Fluorescence-1.mrxs')).rejects.toMatchObject({ name: 'SlideFileError' })
    await expect(rendered('svs/broken.svs')).rejects.toMatchObject({ name: 'SlideFileError' })
  })
})
