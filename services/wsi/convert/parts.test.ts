import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bufferSource, openFile } from '../byte-source.ts'
import { describeSlide } from '../open.ts'
import { readImage } from '../tiff/image.ts'
import { type Ifd, readTiff } from '../tiff/index.ts'
import { convert, verifyPyramid } from './index.ts'
import { assemblePyramid, buildPart, openPartBuilder, type PartReader, type PyramidPlan, planPyramid } from './parts.ts'
import type { Coding } from './quality-policy.ts'
import { rings, writeTiledSlide } from './tiled-slide.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parts-'))
})
afterAll(() => rm(folder, { recursive: true }))

const at = (name: string) => join(folder, name)
const HE: Coding = { quality: 50, subsampling: '4:2:0' }
/** Parts of 4 x 4 blocks of 4 x 4 tiles. */
const SMALL = { tileSize: 16, partSize: 256 }

async function planFor(slide: string, coding = HE, options: { tileSize?: number; partSize?: number } = SMALL) {
  const plan = planPyramid(await describeSlide(slide), { coding, ...options })
  // As it comes back from a database: another order of keys, nothing but JSON.
  return JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(plan).reverse()))) as PyramidPlan
}

const reader: PartReader = {
  read: async (part, offset, length) => {
    const source = await openFile(at(`part-${part}`))
    return source.read(offset, length).finally(() => source.close())
  },
  stream: async (part, offset, length) =>
    // Pieces that end anywhere.
    createReadStream(at(`part-${part}`), { start: offset, end: offset + length - 1, highWaterMark: 777 }),
}

async function assemble(plan: PyramidPlan, sizes: number[]): Promise<Buffer> {
  const assembly = await assemblePyramid(plan, sizes, reader)
  const chunks: Uint8Array[] = []
  for await (const chunk of assembly.chunks()) chunks.push(chunk)
  const file = Buffer.concat(chunks)
  expect(file.length).toBe(assembly.bytes)
  return file
}

async function buildAll(slide: string, plan: PyramidPlan, order: number[]): Promise<number[]> {
  const sizes: number[] = []
  for (const part of order)
    sizes[part] = (await buildPart(slide, plan, part, at(`part-${part}`), { workers: 1 + (part % 2) })).bytes
  return sizes
}

describe.each<{ coding: Coding; width: number; height: number }>([
  { coding: HE, width: 701, height: 530 },
  { coding: { quality: 70, subsampling: '4:4:4' }, width: 515, height: 300 },
])('parts at $coding.subsampling', ({ coding, width, height }) => {
  test('built in any order by any number of threads give the file that convert writes', async () => {
    const slide = at('slide.svs')
    const icc = Buffer.from('an ICC profile, as far as this test goes')
    const description = 'Aperio Image Library v1\r\n300x200|AppMag = 40|MPP = 0.2525'
    await writeTiledSlide(slide, { picture: rings(width, height), description, icc })
    await convert(slide, at('whole.tif'), { ...SMALL, ...coding })
    const plan = await planFor(slide, coding)
    expect(plan.parts).toBeGreaterThan(5)
    const sizes = await buildAll(slide, plan, [...Array(plan.parts).keys()].reverse())
    const file = await assemble(plan, sizes)
    expect(file.equals(await readFile(at('whole.tif')))).toBe(true)
    const { mpp, ...pyramid } = await verifyPyramid(bufferSource(file))
    expect(pyramid).toMatchObject({ width, height, icc, objectivePower: 40, subsampling: coding.subsampling })
    expect(mpp?.x).toBeCloseTo(0.2525, 8)
  })
})

test('glass is stored once, in the whole slide', async () => {
  const slide = at('glass.tif')
  const picture = rings(768, 512)
  // Bare but for a band across the middle.
  for (let y = 0; y < 512; y++) if (y < 200 || y > 300) picture.data.fill(240, y * 768 * 3, (y + 1) * 768 * 3)
  await writeTiledSlide(slide, { picture })
  const plan = await planFor(slide)
  const sizes = await buildAll(slide, plan, [...Array(plan.parts).keys()])
  const file = await assemble(plan, sizes)
  await convert(slide, at('glass-whole.tif'), SMALL)
  expect(file.equals(await readFile(at('glass-whole.tif')))).toBe(true)
  const [first] = (await readTiff(bufferSource(file))).ifds as [Ifd]
  const { offsets } = await readImage(first, file.length)
  const row = 768 / 16
  expect(new Set(offsets.subarray(0, 12 * row)).size).toBe(1)
  expect(new Set(offsets.subarray(13 * row, 18 * row)).size).toBe(5 * row)
})

test('a builder builds several parts of a slide with the threads it has', async () => {
  const slide = at('builder.tif')
  await writeTiledSlide(slide, { picture: rings(600, 300) })
  const plan = await planFor(slide)
  const builder = await openPartBuilder(slide, plan, { workers: 2 })
  const sizes: number[] = []
  const seen: number[] = []
  for (let part = 0; part < plan.parts; part++) {
    const onProgress = (fraction: number) => seen.push(fraction)
    const built = await builder.build(part, at(`part-${part}`), { onProgress })
    sizes.push(built.bytes)
    expect(seen.at(-1)).toBe(1)
  }
  await expect(async () => builder.build(plan.parts, at('none'))).rejects.toThrow('no such part')
  await builder.close()
  await verifyPyramid(bufferSource(await assemble(plan, sizes)))
})

describe('a part that cannot be used', () => {
  let plan: PyramidPlan
  let sizes: number[]
  let good: Buffer
  beforeAll(async () => {
    const slide = at('refused.tif')
    await writeTiledSlide(slide, { picture: rings(600, 300) })
    plan = await planFor(slide)
    sizes = await buildAll(slide, plan, [...Array(plan.parts).keys()])
    good = await readFile(at('part-1'))
  })

  const refused = async (bytes: Buffer, reason: RegExp) => {
    await writeFile(at('part-1'), bytes)
    const other = sizes.with(1, bytes.length)
    await expect(assemble(plan, other)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringMatching(reason),
    })
  }
  const changed = (offset: number) => {
    const bytes = Buffer.from(good)
    bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
    return bytes
  }

  test('is refused when it is cut', async () => {
    await refused(good.subarray(0, -50), /cut/)
    await refused(good.subarray(0, 60), /cut/)
    await refused(Buffer.concat([good.subarray(0, 200), good.subarray(300)]), /lengths/)
  })
  test('is refused when it was changed, in its tiles, its table or its footer', async () => {
    await refused(changed(100), /tiles were changed/)
    await refused(changed(good.length - 500), /was changed/)
    await refused(changed(good.length - 60), /was changed|tiles were/)
  })
  test('is refused when it is another part or of another plan', async () => {
    await refused(await readFile(at('part-0')), /another pyramid or place/)
    const other = { ...plan, coding: { ...HE, quality: 51 } }
    await buildPart(at('refused.tif'), other, 1, at('other'))
    await refused(await readFile(at('other')), /another pyramid or place/)
  })
})

test('a slide that is not the plan’s, and an abort, leave no part behind', async () => {
  const slide = at('mine.tif')
  await writeTiledSlide(slide, { picture: rings(600, 300) })
  const plan = await planFor(slide)
  await writeTiledSlide(slide, { picture: rings(400, 300) })
  await expect(buildPart(slide, plan, 0, at('gone'))).rejects.toMatchObject({ code: 'damaged' })
  const mine = await planFor(slide)
  await expect(buildPart(slide, mine, 0, at('gone'), { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  const abort = new AbortController()
  const onProgress = () => abort.abort(new Error('no longer wanted'))
  await expect(buildPart(slide, mine, 0, at('gone'), { signal: abort.signal, onProgress })).rejects.toThrow('no longer')
  expect((await readdir(folder)).filter(name => name.startsWith('gone'))).toEqual([])
})
