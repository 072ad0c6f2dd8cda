/** What a site may keep beside the levels: the macro without its label, the year or another day of the scan. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { MIRAX_DATE } from '@coverslip/wsi/synthetic/mirax-text.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeidentifiedFiles, deidentifyFile, openReportKeys } from '../files.ts'
import { prove } from '../proof/index.ts'
import type { DatePolicy } from './dates.ts'

const FILES = { aperio: 'one.svs', hamamatsu: 'two.ndpi', mirax: 'three.mrxs' } as const
type Format = keyof typeof FILES

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-kept-'))
  for (const [format, name] of Object.entries(FILES)) {
    const options = { width: 700, height: 500, seed: 5, tileSize: 64, format: format as Format }
    await writeSyntheticSlide(join(folder, name), { ...options, hidingPlaces: 'all' })
  }
})
afterAll(() => rm(folder, { recursive: true }))

let runs = 0
async function run(format: Format, choices: { keepMacro?: 'left'; dates?: DatePolicy }): Promise<DeidentifiedFiles> {
  const keys = await openReportKeys({ signing: '', input: '' }, join(folder, 'keys'))
  return deidentifyFile(join(folder, FILES[format]), join(folder, `result-${runs++}`), {
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

describe.each(['aperio', 'hamamatsu'] as const)('the macro of a slide as %s', format => {
  it('may stay without its label, and the proof looks there', async () => {
    const made = await run(format, { keepMacro: 'left' })
    expect(made.report.checks.every(({ passed }) => passed)).toBe(true)
    const sourcePath = join(folder, FILES[format])
    const input = {
      sourcePath,
      resultPath: made.files[0].path,
      rendition: 'original' as const,
      given: [],
      redacted: [],
    }
    const failed = async (keptMacro?: 'left' | 'right') =>
      (await prove({ ...input, keptMacro })).checks.filter(({ passed }) => !passed).map(({ id }) => id)
    expect(await failed('left')).toEqual([])
    // The tissue lies at the other end: a label there would not have been blanked.
    expect(await failed('right')).toContain('images')
    expect(await failed()).toContain('images')
  })
})
