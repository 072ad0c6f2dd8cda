import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { code39 } from '@coverslip/wsi/synthetic/code39.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLocalPictures } from '../pictures/local.ts'
import { renderRegion } from '../pictures/render.ts'
import type { Picture } from '../pictures/slide-pictures.ts'
import type { Flag } from './flag.ts'
import { findFlags, flagsOf } from './index.ts'

let folder: string
let tissue: Picture
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-flags-'))
  const path = join(folder, 'slide.svs')
  await writeSyntheticSlide(path, { width: 3000, height: 2200, workers: 1 })
  const slide = await openLocalPictures(path, 'aperio')
  tissue = await renderRegion(slide, { x: 0, y: 0, width: 3000, height: 2200 }, 1400)
  await slide.close()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The tissue with something drawn over it. */
async function drawn(svg: string): Promise<Picture> {
  const { width, height, data } = tissue
  const over = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${svg}</svg>`)
  const image = sharp(data, { raw: { width, height, channels: 3 } }).composite([{ input: over }])
  return { width, height, data: await image.removeAlpha().raw().toBuffer() }
}
const covering = (flags: Flag[], kind: Flag['kind'], x: number, y: number) =>
  flags.some(f => f.kind === kind && f.x <= x && f.y <= y && f.x + f.width >= x && f.y + f.height >= y)

describe('flags of a slide', () => {
  it('are none for stained tissue', async () => {
    expect(await flagsOf(tissue)).toEqual([])
  })

  it.each([
    ['green', '#1b9e4b'],
    ['blue', '#1536c4'],
    ['black', '#141416'],
    ['red', '#e00010'],
  ])('find a line of %s ink where it is', async (_name, colour) => {
    const flags = await flagsOf(
      await drawn(`<path d="M600 500 q120 -90 260 20 t200 60" stroke="${colour}" stroke-width="14" fill="none"/>`),
    )
    expect(covering(flags, 'ink', 860, 520)).toBe(true)
  })

  it('find writing at the edge of the scan', async () => {
    const text =
      '<text x="30" y="80" font-family="DejaVu Sans, sans-serif" font-size="40" fill="#222">S26-04711 QUILL</text>'
    expect(covering(await flagsOf(await drawn(text)), 'text', 150, 65)).toBe(true)
  })

  it('find a bar code, and keep nothing of what it says', async () => {
    const { bars, width } = code39('S26-04711')
    const rects = bars.map(bar => `<rect x="${bar.x * 3}" width="${bar.width * 3}" height="90"/>`).join('')
    const sticker = `<rect x="180" y="580" width="${width * 3 + 80}" height="150" fill="#fff"/><g transform="translate(220 610)" fill="#111">${rects}</g>`
    const flags = await flagsOf(await drawn(sticker))
    const code = flags.find(({ kind }) => kind === 'barcode')!
    expect(code).toMatchObject({ score: 1 })
    expect(code.x).toBeGreaterThan(200)
    expect(code.x + code.width).toBeLessThan(240 + width * 3)
    expect(JSON.stringify(flags)).not.toContain('04711')
  })
})

const REAL = ['svs/CMU-1-Small-Region.svs', 'tiff/kidney-48-5.tif', 'tiff/CMU-1-small.tiff']
describe.skipIf(!sharedData)(`flags of real slides${unlessMissing}`, () => {
  it.each(REAL)('are few for %s, which shows stained tissue', async file => {
    const slide = await openLocalPictures(sharedSlide(file), file.startsWith('svs') ? 'aperio' : 'generic-tiff')
    expect((await findFlags(slide, 0.5)).length).toBeLessThanOrEqual(2)
    await slide.close()
  })
})
