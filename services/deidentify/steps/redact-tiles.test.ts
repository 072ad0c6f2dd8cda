import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { describeSlide, openSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { type SyntheticOptions, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { readImage, type TiffImage } from '@coverslip/wsi/tiff/image.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { createRegionReader } from '@coverslip/wsi/tiff/region.ts'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deidentifyInPlace, type InPlaceFormat } from '../procedure/in-place.ts'
import { onLevel } from '../procedure/regions.ts'
import { deidentifyByRewriting } from '../procedure/rewrite.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-redact-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Across the border of four tiles, in the tissue. */
const MARKS = [
  { x: 300, y: 290, width: 61, height: 77 },
  { x: 700, y: 600, width: 10, height: 10 },
]

interface LevelTiles {
  image: TiffImage
  tiles: Buffer[]
  read: ReturnType<typeof createRegionReader>
}

/** The levels of a TIFF with their tiles as stored. */
async function levelsOf(path: string): Promise<LevelTiles[]> {
  const source = bufferSource(await readFile(path))
  const { ifds } = await readTiff(source)
  const levels: LevelTiles[] = []
  for (const ifd of ifds.filter((ifd: Ifd) => ifd.has(322))) {
    const image = await readImage(ifd, source.size)
    const tiles = await Promise.all([...image.offsets].map((offset, i) => source.read(offset, image.counts[i]!)))
    levels.push({ image, tiles, read: createRegionReader(source, image) })
  }
  return levels
}

const touches = ({ across, tileWidth, tileHeight, width }: TiffImage, index: number, full: TiffImage): boolean =>
  MARKS.map(mark => onLevel(mark, full, { width, height: Math.round((full.height * width) / full.width) })).some(
    mark =>
      (index % across) * tileWidth < mark.x + mark.width &&
      mark.x < ((index % across) + 1) * tileWidth &&
      Math.floor(index / across) * tileHeight < mark.y + mark.height &&
      mark.y < (Math.floor(index / across) + 1) * tileHeight,
  )

describe.each([
  ['aperio', {}],
  ['aperio', { coding: 'rgb', tileSize: 240 }],
  ['aperio', { subsampling: '4:2:2', bigTiff: true }],
  ['generic-tiff', { subsampling: '4:4:4' }],
] as [InPlaceFormat & SyntheticOptions['format'], SyntheticOptions][])('marked regions of %s %o', (format, options) => {
  it('are white on every level; other tiles are the same bytes', async () => {
    const [source, result] = [join(folder, 'source'), join(folder, 'result')]
    await writeSyntheticSlide(source, { width: 1200, height: 900, seed: 7, format, ...options })
    const described = await describeSlide(source)
    const made = await deidentifyInPlace(source, result, { ...described, format }, undefined, { redact: MARKS })
    const [before, after] = [await levelsOf(source), await levelsOf(result)]
    expect(after).toHaveLength(before.length)
    const full = before[0]!.image
    for (const [k, level] of after.entries()) {
      for (const mark of MARKS) {
        const area = onLevel(mark, full, level.image)
        expect(Math.min(...(await before[k]!.read(area))), 'tissue before').toBeLessThan(200)
        expect(Math.min(...(await level.read(area))), 'white after').toBeGreaterThan(235)
      }
      for (const [i, tile] of level.tiles.entries()) {
        expect(tile.equals(before[k]!.tiles[i]!), `level ${k}, tile ${i}`).toBe(!touches(level.image, i, full))
      }
    }
    const tiles = made!.removed.filter(({ name }) => name === 'redacted tiles').map(({ count }) => count)
    expect(tiles).toHaveLength(before.length)
    const slide = await openWithOpenSlide(result)
    const { x, y, width, height } = MARKS[0]!
    expect(Math.min(...(await slide.readRegion(x, y, width, height)))).toBeGreaterThan(235)
    await slide.close()
    await Promise.all([rm(source), rm(result)])
  })
})

describe('marked regions of a slide that cannot be redacted in place', () => {
  it('are left to its pyramid, where they are white', async () => {
    const [jpeg, source, result] = ['jpeg.tiff', 'slide.tiff', 'pyramid.tiff'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await writeSyntheticSlide(jpeg, { width: 1024, height: 1024, seed: 7, format: 'generic-tiff' })
    await sharp(jpeg).tiff({ compression: 'lzw', tile: true, pyramid: true }).toFile(source)
    const description = await describeSlide(source)
    const facts = { ...description, format: 'generic-tiff' as const }
    expect(await deidentifyInPlace(source, `${result}.tiff`, facts, undefined, { redact: MARKS })).toBeNull()
    const signal = new AbortController().signal
    const made = await deidentifyByRewriting(
      source,
      result,
      { description, bytes: (await stat(source)).size },
      { signal, onProgress: () => {}, redact: MARKS },
    )
    expect(made.removed.some(({ name }) => name === 'redacted tiles')).toBe(true)
    const levels = await levelsOf(result)
    for (const { image, read } of levels) {
      for (const mark of MARKS) {
        const area = onLevel(mark, levels[0]!.image, image)
        expect(Math.min(...(await read(area)))).toBeGreaterThan(225)
      }
    }
    const slide = await openSlide(result)
    expect(Math.min(...(await slide.readRegion(100, 100, 400, 100)))).toBeLessThan(200)
    await slide.close()
  })
})
