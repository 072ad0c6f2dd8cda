import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { readImage } from '@coverslip/wsi/tiff/image.ts'
import { readTiff } from '@coverslip/wsi/tiff/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deidentifyInPlace, isInPlaceFormat } from './in-place.ts'
import { patternsOf, scanFile } from './scan.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-deidentify-'))
})
afterAll(() => rm(folder, { recursive: true }))

let made = 0
async function deidentify(source: string) {
  const before = await describeSlide(source)
  if (!isInPlaceFormat(before.format)) throw new Error(`${before.format} is not edited in place`)
  const path = join(folder, `result-${made++}`)
  const result = await deidentifyInPlace(source, path, { ...before, format: before.format })
  if (!result) throw new Error('not edited in place')
  return { path, result, before, after: await describeSlide(path) }
}

/** One hash per level over the bytes of its tiles, in order. */
async function tileHashes(path: string): Promise<string[]> {
  const bytes = await readFile(path)
  const { ifds } = await readTiff(bufferSource(bytes))
  const hashes: string[] = []
  for (const ifd of ifds) {
    const image = await readImage(ifd, bytes.length)
    const hash = createHash('sha256')
    for (const [i, count] of image.counts.entries()) {
      hash.update(bytes.subarray(image.offsets[i]!, image.offsets[i]! + count))
    }
    hashes.push(`${image.width}x${image.height} ${hash.digest('hex')}`)
  }
  return hashes
}

const FILES = [
  'svs/CMU-1-Small-Region.svs',
  'svs/small.svs',
  'svs/aperio-4k-rgb240-classic.svs',
  'svs/aperio-7k-copied.svs',
  'tiff/generic-3k-512-classic.tiff',
  'tiff/boxes.tiff',
  'tiff/CMU-1-small.tiff',
  'tiff/example-asap.tif',
  'tiff/kidney-48-5.tif',
]

describe.skipIf(!sharedData).each(FILES)(`%s in place${unlessMissing}`, file => {
  it('is the same slide without its associated images; level tiles are the same bytes', async () => {
    const { path, result, before, after } = await deidentify(sharedSlide(file))
    expect(after).toMatchObject({
      format: before.format,
      width: before.width,
      height: before.height,
      levels: before.levels,
      mpp: before.mpp,
      objectivePower: before.objectivePower,
      associated: [],
    })
    expect(result.removed.filter(({ kind }) => kind === 'image')).toHaveLength(before.associated.length)
    const left = await tileHashes(path)
    expect(await tileHashes(sharedSlide(file))).toEqual(expect.arrayContaining(left))
    expect(left).toHaveLength(before.levels.length)
  })

  it('changes nothing when it is done again', async () => {
    const once = await deidentify(sharedSlide(file))
    const twice = await deidentify(once.path)
    expect(twice.result).toMatchObject({ sha256: once.result.sha256, removed: [], blankedBytes: 0 })
  })
})

const GENERATED = ['svs/aperio-4k-rgb240-classic.svs', 'svs/aperio-7k-copied.svs', 'tiff/generic-3k-512-classic.tiff']

describe.skipIf(!sharedData).each(GENERATED)(`%s with planted patient data${unlessMissing}`, file => {
  it('has none of it left, nor has the report', async () => {
    const { planted } = JSON.parse(await readFile(sharedSlide(`${file}.gen.json`), 'utf8')).made as {
      planted: string[]
    }
    const patterns = planted.flatMap(text => patternsOf(Buffer.from(text)))
    expect((await scanFile(sharedSlide(file), patterns)).hits.length).toBeGreaterThanOrEqual(planted.length)
    const { path, result } = await deidentify(sharedSlide(file))
    expect((await scanFile(path, patterns)).hits).toEqual([])
    for (const text of planted) expect(JSON.stringify(result)).not.toContain(text)
  })

  it('opens in OpenSlide with the same geometry and no associated image', async () => {
    const { path } = await deidentify(sharedSlide(file))
    const [source, result] = await Promise.all([openWithOpenSlide(sharedSlide(file)), openWithOpenSlide(path)])
    try {
      const { associated, ...geometry } = result.description
      expect(associated).toEqual([])
      expect(geometry).toEqual({ ...source.description, associated: undefined })
      const [width, height] = [300, 200]
      const [before, after] = await Promise.all([source, result].map(s => s.readRegion(500, 500, width, height)))
      expect(after!.equals(before!)).toBe(true)
    } finally {
      await Promise.all([source.close(), result.close()])
    }
  })
})

describe.skipIf(!sharedData)(`a copy left behind by an editor${unlessMissing}`, () => {
  it('is blanked at the end of the file and between its parts', async () => {
    const original = await readFile(sharedSlide('svs/aperio-4k-rgb240-classic.svs'))
    const path = join(folder, 'tail.svs')
    await writeFile(path, Buffer.concat([original, Buffer.from('\0\0Ottoline Quillfeather, MRN-7730418\0')]))
    const { path: result } = await deidentify(path)
    const bytes = await readFile(result)
    expect(bytes.includes('Quillfeather')).toBe(false)
    expect(bytes.subarray(original.length).every(byte => byte === 0)).toBe(true)
  })
})
