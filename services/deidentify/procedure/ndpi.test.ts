/** NDPI files made to hide something where the format alone has a place for it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { deidentifyInPlace } from './in-place.ts'

let folder: string
let slide: Buffer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-ndpi-'))
  const path = join(folder, 'slide.ndpi')
  await writeSyntheticSlide(path, { width: 600, height: 500, seed: 5, tileSize: 64, format: 'hamamatsu' })
  slide = await readFile(path)
})
afterAll(() => rm(folder, { recursive: true }))

let made = 0
async function run(change: (file: Buffer, ifds: Ifd[]) => void) {
  const [source, result] = [join(folder, `${made}.ndpi`), join(folder, `${made++}-result.ndpi`)]
  const file = Buffer.from(slide)
  change(file, (await readTiff(bufferSource(file))).ifds)
  await writeFile(source, file)
  const before = await describeSlide(source)
  await deidentifyInPlace(source, result, { ...before, format: 'hamamatsu' })
  const bytes = await readFile(result)
  const opened = await openWithOpenSlide(result)
  await opened.close()
  return { bytes, before, after: opened.description, tiff: await readTiff(bufferSource(bytes)) }
}

/** File position of the upper word of a field. */
function highWordAt(ifd: Ifd, tag: number): number {
  const index = ifd.entries.findIndex(entry => entry.tag === tag)
  return ifd.nextPointerOffset + 8 + index * 4
}

it('upper words of small values are emptied', async () => {
  const { bytes, tiff } = await run((file, ifds) => file.write('JANE', highWordAt(ifds[0]!, 277)))
  expect(bytes.includes('JANE')).toBe(false)
  expect(await tiff.ifds[0]!.number(277)).toBe(3)
})

it('a macro at the beginning of the chain goes, and the header leads to level 0', async () => {
  const { tiff, after, before } = await run((file, ifds) => {
    const macro = ifds.at(-2)!
    const [first, beforeMacro] = [ifds[0]!, ifds.at(-3)!]
    file.writeBigUInt64LE(BigInt(macro.next), beforeMacro.nextPointerOffset)
    file.writeBigUInt64LE(BigInt(first.offset), macro.nextPointerOffset)
    file.writeBigUInt64LE(BigInt(macro.offset), 4)
  })
  expect(before.associated.map(({ kind }) => kind)).toContain('macro')
  expect(await tiff.ifds[0]!.number(65_421)).toBe(20)
  expect(after).toMatchObject({ format: 'hamamatsu', associated: [], objectivePower: 20 })
})

it('streams of levels and the starts of their runs are the same bytes', async () => {
  const { tiff, bytes } = await run(() => {})
  const source = await readTiff(bufferSource(slide))
  for (const [i, ifd] of tiff.ifds.entries()) {
    const old = source.ifds[i]!
    expect(await ifd.numbers(65_426)).toEqual(await old.numbers(65_426))
    const [offset, length] = [(await old.number(273))!, (await old.number(279))!]
    expect([await ifd.number(273), await ifd.number(279)]).toEqual([offset, length])
    expect(bytes.subarray(offset, offset + length).equals(slide.subarray(offset, offset + length))).toBe(true)
  }
})
