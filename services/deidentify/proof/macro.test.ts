import { appendFile, copyFile, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { type SyntheticOptions, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Choices, TiffFormat } from '../procedure/draft.ts'
import { deidentifyInPlace } from '../procedure/in-place.ts'
import { type Layout, layOut } from './layout.ts'
import { labelInMacro } from './macro.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-proof-macro-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function make(format: TiffFormat, options: SyntheticOptions, choices: Choices) {
  const [source, result] = [join(folder, `source-${format}`), join(folder, `result-${format}`)]
  await writeSyntheticSlide(source, { width: 900, height: 480, seed: 7, tileSize: 64, format, workers: 1, ...options })
  await rm(result, { force: true })
  await deidentifyInPlace(source, result, { ...(await describeSlide(source)), format }, undefined, choices)
  return { source, result }
}

/** A file with all its images taken for one: that of its macro's width. */
function onlyMacro(layout: Layout, result: Layout): Layout {
  const [{ width }, [place]] = [result.pictures[0]!, result.others as [string]]
  const pictures = layout.pictures.filter(picture => picture.width === width)
  const macro = result.fields.filter(field => field.place.startsWith(`${place},`))
  return { ...layout, others: [place], pictures, fields: macro }
}

describe.each(['aperio', 'hamamatsu'] as const)('a macro that was kept, of %s', format => {
  it('is blank at the end that is named, and only there', async () => {
    const { source, result } = await make(format, {}, { keepMacro: 'left' })
    const layout = await layOut(result)
    expect(layout.others).toHaveLength(1)
    expect(await labelInMacro(layout, 'left')).toEqual([])
    expect(await labelInMacro(layout, 'right')).toContain('a label in the macro')
    const before = onlyMacro(await layOut(source), layout)
    expect(await labelInMacro(before, 'left')).toContain('a label in the macro')
  })

  it('is one image, and tells itself as the macro', async () => {
    const layout = await layOut(join(folder, `result-${format}`))
    const another = ['another image than the macro']
    expect(await labelInMacro({ ...layout, fields: [] }, 'left')).toEqual(another)
    expect(await labelInMacro({ ...layout, others: [...layout.others, 'IFD 9'] }, 'left')).toEqual(another)
    const twice = { ...layout, pictures: [...layout.pictures, ...layout.pictures] }
    expect(await labelInMacro(twice, 'left')).toEqual(another)
    expect(await labelInMacro({ ...layout, others: [], pictures: [] }, 'left')).toEqual([])
  })

  it('holds nothing but its picture, which can be decoded', async () => {
    const [clean, noted] = [join(folder, `result-${format}`), join(folder, 'noted')]
    await copyFile(clean, noted)
    const layout = await layOut(noted)
    const [picture] = layout.pictures as [Layout['pictures'][number]]
    const last = picture.segments.at(-1)!
    const bytes = await readFile(noted)
    const strip = bytes.subarray(last.offset, last.offset + last.length)
    const comment = Buffer.from([0xff, 0xfe, 0, 6, ...Buffer.from('DOEJ')])
    const withNote = Buffer.concat([strip.subarray(0, 2), comment, strip.subarray(2)])
    await appendFile(noted, withNote)
    const moved = { ...last, offset: bytes.length, length: withNote.length }
    const segments = [...picture.segments.slice(0, -1), moved]
    const withStrip = { ...layout, pictures: [{ ...picture, segments }] }
    expect(await labelInMacro(withStrip, 'left')).toEqual(['a note in the macro'])
    const file = await open(noted, 'r+')
    await file.write(Buffer.alloc(last.length), 0, last.length, last.offset)
    await file.close()
    expect(await labelInMacro(layout, 'left')).toContain('a macro that cannot be read')
  })
})

it('colours that are stored as they are, in tiles with tables of their own, are read as such', async () => {
  const redact = [{ x: 0, y: 0, width: 240, height: 240 }]
  const { result } = await make('aperio', { width: 500, height: 240, coding: 'rgb', tileSize: 240 }, { redact })
  const layout = await layOut(result)
  const subfile = { place: 'IFD 9, tag 254', tag: 254, ascii: false, value: Buffer.from([0, 0, 0, 9]), idle: false }
  const shown = { ...layout, others: ['IFD 9'], pictures: [layout.levels[0]!], fields: [subfile] }
  expect(await labelInMacro(shown, 'left')).toEqual([])
  expect(await labelInMacro(shown, 'right')).toContain('a label in the macro')
})
