import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { readImage } from '@coverslip/wsi/tiff/image.ts'
import { readTiff } from '@coverslip/wsi/tiff/index.ts'
import { createRegionReader } from '@coverslip/wsi/tiff/region.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Choices } from '../procedure/draft.ts'
import { deidentifyInPlace } from '../procedure/in-place.ts'
import { labelSquare } from './cut-label.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-macro-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Pixels of the last untiled page, left and right of the label's square. */
async function macroOf(path: string) {
  const source = bufferSource(await readFile(path))
  const { ifds } = await readTiff(source)
  const macros = []
  for (const ifd of ifds) {
    const image = await readImage(ifd, source.size)
    if (image.width === 1280 || image.width === 1188) macros.push(image)
  }
  const [image] = macros
  if (!image) return null
  const read = createRegionReader(source, image)
  const square = labelSquare(image, 'left')
  const rest = { ...square, x: square.width, width: image.width - square.width }
  return { label: await read(square), rest: await read(rest) }
}

const darkest = (pixels: Buffer): number => pixels.reduce((least, value) => Math.min(least, value), 255)

describe.each(['aperio', 'hamamatsu'] as const)('a macro of %s that the site keeps', format => {
  it('has no label any more, and shows the rest of the glass as before', async () => {
    const [source, result] = [join(folder, format), join(folder, `${format}-result`)]
    await writeSyntheticSlide(source, { width: 900, height: 700, seed: 7, format, tileSize: 64 })
    const before = await describeSlide(source)
    const made = await deidentifyInPlace(source, result, { ...before, format }, undefined, { keepMacro: 'left' })
    expect(made!.removed.find(({ name }) => name === 'label in macro')).toBeDefined()
    const [old, now] = [await macroOf(source), await macroOf(result)]
    expect(darkest(old!.label)).toBeLessThan(40)
    expect(darkest(now!.label)).toBeGreaterThan(235)
    // Where the square ends, decoders blend the chroma of two neighbours.
    const differing = now!.rest.filter((value, i) => value !== old!.rest[i]).length
    expect(differing / now!.rest.length).toBeLessThan(0.02)
    expect((await describeSlide(result)).associated.map(({ kind }) => kind)).toEqual(['macro'])
    const slide = await openWithOpenSlide(result)
    await slide.close()
    expect(slide.description.associated.map(({ kind }) => kind)).toEqual(['macro'])
  })

  it('goes with the rest when regions are redacted, which it shows, too', async () => {
    const [source, result] = [join(folder, format), join(folder, `${format}-redacted`)]
    const before = await describeSlide(source)
    const choices = { keepMacro: 'left', redact: [{ x: 1, y: 1, width: 9, height: 9 }] } as const
    const made = await deidentifyInPlace(source, result, { ...before, format }, undefined, choices)
    expect(made).not.toBeNull()
    expect((await describeSlide(result)).associated).toEqual([])
  })
})

it('goes where readers would take it for the thumbnail: behind a single level of Aperio', async () => {
  const [source, result] = [join(folder, 'single'), join(folder, 'single-result')]
  await writeSyntheticSlide(source, { width: 200, height: 150, seed: 7, workers: 1 })
  const before = await describeSlide(source)
  expect(before.levels).toHaveLength(1)
  const choices = { keepMacro: 'left' } as const
  const made = await deidentifyInPlace(source, result, { ...before, format: 'aperio' }, undefined, choices)
  expect(made).not.toBeNull()
  expect((await describeSlide(result)).associated).toEqual([])
})

it('of an MRXS that the site keeps is shown by OpenSlide, and goes when regions are redacted', async () => {
  const source = join(folder, 'source.mrxs')
  await writeSyntheticSlide(source, { width: 400, height: 300, seed: 7, tileSize: 64, format: 'mirax', workers: 1 })
  const before = { ...(await describeSlide(source)), format: 'mirax' as const }
  const made = async (name: string, redact: Choices['redact'] = []) => {
    const path = join(folder, `${name}.mrxs`)
    await deidentifyInPlace(source, path, before, undefined, { keepMacro: 'top', redact })
    const slide = await openWithOpenSlide(path)
    const macro = await slide.readAssociated('macro').catch(() => null)
    await slide.close()
    return macro
  }
  const macro = await made('kept')
  const label = macro!.data.subarray(0, (macro!.width - 16) * macro!.width * 3)
  expect(label.every(value => value === 255)).toBe(true)
  expect(macro!.data.some(value => value < 200)).toBe(true)
  expect(await made('redacted', [{ x: 1, y: 1, width: 9, height: 9 }])).toBeNull()
})

it('the label is the square at the end that the site names', () => {
  const wide = { width: 1280, height: 431 }
  expect(labelSquare(wide, 'left')).toEqual({ x: 0, y: 0, width: 431, height: 431 })
  expect(labelSquare(wide, 'right')).toEqual({ x: 849, y: 0, width: 431, height: 431 })
  expect(labelSquare({ width: 400, height: 900 }, 'top')).toEqual({ x: 0, y: 0, width: 400, height: 400 })
  expect(labelSquare({ width: 400, height: 900 }, 'bottom')).toEqual({ x: 0, y: 500, width: 400, height: 400 })
})
