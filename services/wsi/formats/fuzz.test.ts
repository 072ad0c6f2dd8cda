import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openFile } from '../byte-source.ts'
import { SlideFileError } from '../errors.ts'
import { writeSyntheticSlide } from '../synthetic/index.ts'
import { readTiff } from '../tiff/index.ts'
import { openHamamatsu } from './hamamatsu/open.ts'
import { openMirax } from './mirax/open.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
  const small = { width: 256, height: 256, tileSize: 32, workers: 1, label: false, macro: false }
  await writeSyntheticSlide(join(folder, 'slide.ndpi'), { ...small, format: 'hamamatsu' })
  await writeSyntheticSlide(join(folder, 'slide.mrxs'), { ...small, format: 'mirax', overlap: 8 })
}, 60_000)
afterAll(() => rm(folder, { recursive: true }))

/** All that is done with a file of strangers; the area lies at the upper left, so that sizes do not cost time. */
async function useNdpi(path: string): Promise<void> {
  const source = await openFile(path)
  try {
    const { reader } = await openHamamatsu(path, source, await readTiff(source))
    await reader?.readRegion(0, 0, 64, 64)
  } finally {
    await source.close()
  }
}

async function useMirax(path: string): Promise<void> {
  const reader = await openMirax(path)
  await reader?.readRegion(0, 0, 64, 64).finally(() => reader.close())
}

/** Positions, more of them near both ends, where headers and indexes are. */
const position = (length: number) =>
  fc.oneof(
    fc.nat(length - 1),
    fc.nat(Math.min(length, 2000) - 1),
    fc.nat(3999).map(n => Math.max(0, length - 1 - n)),
  )
const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255))

async function withChanges(path: string, use: () => Promise<void>, numRuns: number): Promise<void> {
  const original = await readFile(path)
  const changes = fc.record({
    writes: fc.array(fc.tuple(position(original.length), byte), { minLength: 1, maxLength: 4 }),
    length: fc.oneof({ weight: 4, arbitrary: fc.constant(original.length) }, fc.nat(original.length)),
  })
  const property = fc.asyncProperty(changes, async ({ writes, length }) => {
    const bytes = Buffer.from(original)
    for (const [at, value] of writes) bytes[at] = value
    await writeFile(path, bytes.subarray(0, length))
    await use().catch(error => expect(error).toBeInstanceOf(SlideFileError))
  })
  await fc.assert(property, { numRuns }).finally(() => writeFile(path, original))
}

it('NDPI with any few bytes changed or cut off: a picture or a SlideFileError, nothing else', async () => {
  const path = join(folder, 'slide.ndpi')
  await useNdpi(path)
  await withChanges(path, () => useNdpi(path), 400)
}, 60_000)

it('MIRAX with any few bytes of any file changed or cut off: a picture or a SlideFileError, nothing else', async () => {
  const path = join(folder, 'slide.mrxs')
  await useMirax(path)
  for (const name of await readdir(join(folder, 'slide'))) {
    await withChanges(join(folder, 'slide', name), () => useMirax(path), name.endsWith('.dat') ? 150 : 300)
  }
}, 60_000)
