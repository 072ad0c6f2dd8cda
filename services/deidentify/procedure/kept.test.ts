/** What a site may keep beside the levels: the macro without its label, the year or another day of the scan. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withoutTables } from '@coverslip/wsi/blank-jpeg.ts'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { MIRAX_DATE } from '@coverslip/wsi/synthetic/mirax-text.ts'
import { completeJpeg } from '@coverslip/wsi/tiff/decode.ts'
import { readImage } from '@coverslip/wsi/tiff/image.ts'
import { readTiff } from '@coverslip/wsi/tiff/index.ts'
import { decodeRgb, encodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeidentifiedFiles, deidentifyFile, openReportKeys } from '../files.ts'
import { prove } from '../proof/index.ts'
import type { Choices, LabelSide } from './draft.ts'
import { isCleanThumbnail } from './thumbnail.ts'

const FILES = { aperio: 'one.svs', hamamatsu: 'two.ndpi', mirax: 'three.mrxs' } as const
type Format = keyof typeof FILES

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-kept-'))
  for (const [format, name] of Object.entries(FILES)) {
    const options = { width: 700, height: 500, seed: 5, tileSize: 64, format: format as Format }
    await writeSyntheticSlide(join(folder, name), { ...options, hidingPlaces: 'all' })
  }
  await writeSyntheticSlide(join(folder, 'large.svs'), { width: 2600, height: 1900, seed: 5, hidingPlaces: 'all' })
})
afterAll(() => rm(folder, { recursive: true }))

/** Where on a thumbnail, from its top (0) to its end (1), and the colours there. */
type Mark = [share: number, draw: (x: number, y: number) => number[] | undefined]

let runs = 0
async function run(format: Format, choices: Choices, file: string = FILES[format]): Promise<DeidentifiedFiles> {
  const keys = await openReportKeys({ signing: '', input: '' }, join(folder, 'keys'))
  return deidentifyFile(join(folder, file), join(folder, `result-${runs++}`), {
    revision: 1,
    keys,
    ...choices,
  })
}

/** All text of a result. */
async function textOf({ files: [main] }: DeidentifiedFiles): Promise<string> {
  const beside = main.path.replace(/\.mrxs$/, '')
  const names = beside === main.path ? [] : (await readdir(beside)).map(name => join(beside, name))
  return (await Promise.all([main.path, ...names].map(path => readFile(path, 'latin1')))).join()
}

const DATES: Record<Format, { old: string; year: string; moved: string }> = {
  aperio: { old: FAKE_PATIENT.scanDate, year: 'Date = 01/01/24', moved: 'Date = 06/02/24' },
  hamamatsu: { old: FAKE_PATIENT.tiffDateTime, year: '2024:01:01 00:00:00', moved: '2024:06:02 00:00:00' },
  mirax: { old: MIRAX_DATE, year: '01/01/2024 00:00:00', moved: '02/06/2024 00:00:00' },
}

/** The day that was moved, and that of the source. */
const DAYS: Record<Format, [string, string]> = {
  aperio: ['06/02/24', FAKE_PATIENT.scanDate],
  hamamatsu: ['2024:06:02', FAKE_PATIENT.tiffDateTime.slice(0, 10)],
  mirax: ['02/06/2024', MIRAX_DATE.slice(0, 10)],
}

describe.each(Object.keys(FILES) as Format[])('of a slide as %s', format => {
  const { old, year, moved } = DATES[format]

  it('the year of the scan may stay, proven', async () => {
    const made = await run(format, { dates: { keep: 'year' } })
    const text = await textOf(made)
    expect(text).toContain(year)
    expect(text).not.toContain(old)
    expect(text).not.toContain(FAKE_PATIENT.scanTime)
    expect(made.report.removed.some(({ name }) => /date/i.test(name))).toBe(true)
  })

  it('another day may stay, proven', async () => {
    const text = await textOf(await run(format, { dates: { keep: 'shifted', days: 10 } }))
    expect(text).toContain(moved)
    expect(text).not.toContain(old)
  })

  it('a day that was not moved is a finding', async () => {
    const made = await run(format, { dates: { keep: 'shifted', days: 10 } })
    const [main] = made.files
    const path = format === 'mirax' ? main.path.replace(/\.mrxs$/, '/Slidedat.ini') : main.path
    const input = { resultPath: main.path, rendition: 'original' as const, given: [], redacted: [] }
    const failed = async () =>
      (await prove({ ...input, sourcePath: join(folder, FILES[format]), keptDates: 'shifted' })).checks
        .filter(({ passed }) => !passed)
        .map(({ id }) => id)
    expect(await failed()).toEqual([])
    const [now, before] = DAYS[format]
    const text = await readFile(path, 'latin1')
    await writeFile(path, text.replaceAll(now, before), 'latin1')
    expect(await failed()).toContain('words')
  })

  it('no date stays where nothing is said', async () => {
    const text = await textOf(await run(format, {}))
    for (const date of [old, year, moved]) expect(text).not.toContain(date)
  })
})

describe.each([
  ['aperio', 'left', 'right'],
  ['hamamatsu', 'left', 'right'],
  // Its macro is turned: the label is above the tissue.
  ['mirax', 'top', 'bottom'],
] as const)('the macro of a slide as %s', (format, end, other) => {
  it('may stay without its label, and the proof looks there', async () => {
    const made = await run(format, { keepMacro: end })
    expect(made.report.checks.every(({ passed }) => passed)).toBe(true)
    const sourcePath = join(folder, FILES[format])
    const input = {
      sourcePath,
      resultPath: made.files[0].path,
      rendition: 'original' as const,
      given: [],
      redacted: [],
    }
    const failed = async (keptMacro?: LabelSide) =>
      (await prove({ ...input, keptMacro })).checks.filter(({ passed }) => !passed).map(({ id }) => id)
    expect(await failed(end)).toEqual([])
    // The tissue lies at the other end: a label there would not have been blanked.
    expect(await failed(other)).toContain('images')
    expect(await failed()).toContain('images')
  })
})

describe('the thumbnail of a slide as aperio', () => {
  const kinds = async ({ files: [main] }: DeidentifiedFiles) =>
    (await describeSlide(main.path)).associated.map(({ kind }) => kind)

  /** Draws on a strip of a file's thumbnail; `draw` gives the colour of a pixel, or nothing. */
  async function mark(from: string, to: string, [share, draw]: Mark): Promise<void> {
    const bytes = await readFile(from)
    const source = bufferSource(bytes)
    const image = await readImage((await readTiff(source)).ifds[1]!, source.size)
    const strip = Math.floor(image.offsets.length * share)
    const {
      width,
      height,
      data: drawnOn,
    } = decodeRgb(
      completeJpeg(image, bytes.subarray(image.offsets[strip]!, image.offsets[strip]! + image.counts[strip]!)),
    )
    const pixelAt = (i: number) => draw(Math.floor(i / 3) % width, Math.floor(i / 3 / width))
    const data = Uint8Array.from(drawnOn, (value, i) => pixelAt(i)?.[i % 3] ?? value)
    const jpeg = withoutTables(encodeRgb(data, width, height, { quality: 50, subsampling: '4:2:0' }), image.jpegTables!)
    expect(jpeg.length).toBeLessThan(image.counts[strip]!)
    bytes.fill(0, image.offsets[strip]!, image.offsets[strip]! + image.counts[strip]!)
    jpeg.copy(bytes, image.offsets[strip]!)
    await writeFile(to, bytes)
  }

  it.each([
    ['a pen', [0.5, () => [20, 160, 70]]],
    ['grey tape', [0.5, () => [150, 150, 150]]],
    // Strokes of 2 px, 10 px high: what small letters are, whose mean is that of bright glass.
    ['small writing', [0.04, (x, y) => (x < 64 && x % 8 < 2 && y < 10 ? [120, 120, 120] : undefined)]],
  ] as [string, Mark][])(
    'goes where it shows %s that the levels do not show, and the proof looks there, too',
    async (what, drawn) => {
      const [clean, source] = [join(folder, 'large.svs'), join(folder, `${what}.svs`)]
      await mark(clean, source, drawn)
      expect(await isCleanThumbnail(bufferSource(await readFile(source)), 0.5)).toBe(false)
      expect(await kinds(await run('aperio', { keepThumbnail: true }, `${what}.svs`))).toEqual([])
      const { files } = await run('aperio', { keepThumbnail: true }, 'large.svs')
      await mark(files[0].path, files[0].path, drawn)
      const input = {
        sourcePath: clean,
        resultPath: files[0].path,
        rendition: 'original' as const,
        given: [],
        redacted: [],
      }
      const { checks } = await prove({ ...input, keptThumbnail: true })
      expect(checks.filter(({ passed }) => !passed).map(({ id }) => id)).toEqual(['images'])
    },
  )

  it('stays where it shows what the levels show, proven', async () => {
    const made = await run('aperio', { keepThumbnail: true, keepMacro: 'left' }, 'large.svs')
    expect(await kinds(made)).toEqual(['thumbnail', 'macro'])
    expect(made.report.kept).toEqual({ macro: 'left', thumbnail: true, dates: null })
    const input = { sourcePath: join(folder, 'large.svs'), resultPath: made.files[0].path, given: [], redacted: [] }
    const failed = async (kept: { keptThumbnail?: boolean; keptMacro?: 'left' }) =>
      (await prove({ ...input, ...kept, rendition: 'original' })).checks
        .filter(({ passed }) => !passed)
        .map(({ id }) => id)
    expect(await failed({ keptThumbnail: true, keptMacro: 'left' })).toEqual([])
    expect(await failed({ keptMacro: 'left' })).toEqual(['images'])
    expect(await failed({ keptThumbnail: true })).toEqual(['images'])
    expect(await failed({})).toEqual(['images'])
    const slide = await openWithOpenSlide(made.files[0].path)
    expect(slide.description.associated.map(({ kind }) => kind).toSorted()).toEqual(['macro', 'thumbnail'])
    await slide.close()
  })

  it('goes where nobody asked for it, and where regions are redacted', async () => {
    expect(await kinds(await run('aperio', {}))).toEqual([])
    const redact = [{ x: 100, y: 100, width: 50, height: 50 }]
    expect(await kinds(await run('aperio', { keepThumbnail: true, redact }))).toEqual([])
  })
})
