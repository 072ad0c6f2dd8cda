/** Hiding places planted, found and removed, by format: the list is the generator's own. */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { type Planted, plantedIn, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deidentifyInPlace, type InPlaceFormat } from './in-place.ts'

const FORMATS = { aperio: 'svs', 'generic-tiff': 'tiff', hamamatsu: 'ndpi', mirax: 'mrxs' } as const
type Made = keyof typeof FORMATS

let folder: string
const table: string[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-hiding-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  process.stdout.write(
    ['| format | hiding places planted | found | removed | copies found |', '| --- | --- | --- | --- | --- |', ...table]
      .map(line => `${line}\n`)
      .join(''),
  )
})

/** Every file of a folder, by its name. */
async function filesIn(where: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(where, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile())
  return new Map(await Promise.all(files.map(async f => [f.name, await readFile(join(f.parentPath, f.name))] as const)))
}

function copiesOf(text: Buffer, files: ReadonlyMap<string, Buffer>): number {
  let count = 0
  for (const bytes of files.values()) {
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) count++
  }
  return count
}

/** How often a planted thing is in the files; pictures count by what a reader lists. */
function countOf({ text, as }: Planted, files: ReadonlyMap<string, Buffer>, pictures: number): number {
  if (as === 'picture') return pictures
  if (as === 'file-name') return files.has(text) ? 1 : 0
  return copiesOf(Buffer.from(text, as === 'ascii' ? 'latin1' : 'utf16le'), files)
}

async function run(format: Made) {
  const [source, result] = [join(folder, format), join(folder, `${format}-result`)]
  await Promise.all([mkdir(source), mkdir(result)])
  const [from, to] = [join(source, `slide.${FORMATS[format]}`), join(result, `original.${FORMATS[format]}`)]
  await writeSyntheticSlide(from, { width: 900, height: 700, seed: 11, format, tileSize: 64, hidingPlaces: 'all' })
  const before = await describeSlide(from)
  expect(before.format).toBe(format)
  const made = await deidentifyInPlace(from, to, { ...before, format: format satisfies InPlaceFormat })
  const after = await describeSlide(to)
  return { from, to, before, after, made: made!, files: [await filesIn(source), await filesIn(result)] as const }
}

describe.each(Object.keys(FORMATS) as Made[])('a slide as %s', format => {
  let ran: Awaited<ReturnType<typeof run>>
  beforeAll(async () => {
    ran = await run(format)
  })

  it('has lost what was hidden in every place', () => {
    const { files, before, after } = ran
    const planted = plantedIn(format)
    const found = planted.map(place => countOf(place, files[0], before.associated.length))
    const left = planted.map(place => countOf(place, files[1], after.associated.length))
    expect(planted.filter((_, i) => found[i] === 0)).toEqual([])
    expect(planted.filter((_, i) => left[i]! > 0)).toEqual([])
    const removed = left.filter(count => count === 0).length
    const copies = planted.reduce((sum, { as }, i) => sum + (as === 'picture' ? 1 : found[i]!), 0)
    table.push(`| ${format} | ${planted.length} | ${found.filter(n => n > 0).length} | ${removed} | ${copies} |`)
  })

  it('shows the same pixels in OpenSlide, which finds no label', async () => {
    const [before, after] = [await openWithOpenSlide(ran.from), await openWithOpenSlide(ran.to)]
    const { levels, mpp, objectivePower } = before.description
    expect(after.description).toMatchObject({ format, levels, mpp, objectivePower, associated: [] })
    const area = [0, 0, ran.before.width, ran.before.height] as const
    expect((await after.readRegion(...area)).equals(await before.readRegion(...area))).toBe(true)
    await Promise.all([before.close(), after.close()])
  })

  it('is reported without a word of what it held', () => {
    const report = JSON.stringify(ran.made.removed)
    const texts = plantedIn(format).filter(({ as, text }) => as !== 'file-name' && text !== 'CODE39')
    for (const { text } of texts) expect(report).not.toContain(text)
  })
})
