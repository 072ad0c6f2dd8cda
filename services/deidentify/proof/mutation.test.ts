/** Whether the proof notices: what is put into a clean result, anywhere and in any spelling, is found. */
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deidentifyInPlace, type InPlaceFormat } from '../procedure/in-place.ts'
import { prove } from './index.ts'
import { layOut } from './layout.ts'

const FORMATS = { aperio: 'svs', 'generic-tiff': 'tiff', hamamatsu: 'ndpi', mirax: 'mrxs' } as const
const { lastName, accession, hospital, patientId } = FAKE_PATIENT
const wide = Buffer.from(hospital, 'utf16le')

/** Spellings of what the source says; each is long enough to be looked for among pixels. */
const SPELLINGS: Record<string, Buffer> = {
  plain: Buffer.from(lastName),
  'upper case': Buffer.from(lastName.toUpperCase()),
  'lower case': Buffer.from(hospital.toLowerCase()),
  'UTF-16 LE': wide,
  'UTF-16 BE': Buffer.from(wide).swap16(),
  Base64: Buffer.from(Buffer.from(`xx${hospital}xx`).toString('base64')),
  hexadecimal: Buffer.from(Buffer.from(patientId).toString('hex')),
  number: Buffer.from(accession),
  'date in another layout': Buffer.from('2024-05-23'),
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-mutation-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Numbers from a seed (Park and Miller 1988), so that a place that was missed can be found again. */
function random(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

describe.each(Object.keys(FORMATS) as InPlaceFormat[])('a clean %s', format => {
  const main = `original.${FORMATS[format]}`
  let source: string
  let clean: string
  let copies = 0
  beforeAll(async () => {
    const from = join(folder, format)
    clean = join(folder, `${format}-clean`)
    await Promise.all([mkdir(from), mkdir(clean)])
    source = join(from, `slide.${FORMATS[format]}`)
    const options = { width: 400, height: 300, seed: 3, format, tileSize: 64, hidingPlaces: 'all', workers: 1 } as const
    await writeSyntheticSlide(source, options)
    await deidentifyInPlace(source, join(clean, main), { ...(await describeSlide(source)), format })
  })

  const failedIn = async (path: string): Promise<string[]> => {
    const given = [lastName, accession, hospital, patientId]
    const input = {
      sourcePath: source,
      resultPath: join(path, main),
      rendition: 'original',
      given,
      redacted: [],
    } as const
    const { checks } = await prove(input)
    return checks.filter(({ passed }) => !passed).map(({ id }) => id)
  }
  const copy = async (): Promise<string> => {
    const path = join(folder, `${format}-${copies++}`)
    await cp(clean, path, { recursive: true })
    return path
  }
  /** Files of a slide, large ones more often. */
  const filesOf = async (path: string) => {
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
    return Promise.all(files.toSorted().map(async file => ({ file, size: (await stat(file)).size })))
  }
  const put = async (file: string, at: number, bytes: Buffer): Promise<void> => {
    const handle = await open(file, 'r+')
    await handle.write(bytes, 0, bytes.length, at)
    await handle.close()
  }

  it('passes', async () => {
    expect(await failedIn(clean)).toEqual([])
  })

  it('does not pass with a text at any place, in any spelling', async () => {
    const next = random(17)
    const missed: string[] = []
    for (let i = 0; i < 12; i++) {
      const path = await copy()
      const files = (await filesOf(path)).filter(({ size }) => size > 200)
      const { file, size } = files[next(files.length)]!
      const [spelling, bytes] = Object.entries(SPELLINGS)[i % 9]!
      const at = next(size - bytes.length)
      await put(file, at, bytes)
      if ((await failedIn(path)).length === 0) missed.push(`${spelling} at ${at} of ${file}`)
      await rm(path, { recursive: true })
    }
    expect(missed).toEqual([])
  })

  // The end of a file is the same for all.
  if (format === 'aperio')
    it.each(Object.keys(SPELLINGS))('does not pass with a text behind the end: %s', async spelling => {
      const path = await copy()
      await writeFile(join(path, main), SPELLINGS[spelling]!, { flag: 'a' })
      expect(await failedIn(path)).toEqual(expect.arrayContaining(['texts', 'bytes']))
      await rm(path, { recursive: true })
    })

  it('does not pass as the source itself', async () => {
    const input = { sourcePath: source, resultPath: source, rendition: 'original', given: [], redacted: [] } as const
    const { checks } = await prove(input)
    const failed = checks.filter(({ passed }) => !passed).map(({ id }) => id)
    expect(failed).toEqual(expect.arrayContaining(['texts', 'words', 'images', 'names']))
  })

  it('does not pass with another bit among its pixels', async () => {
    const path = await copy()
    const { files, levels } = await layOut(join(path, main))
    const tile = levels[0]!.segments.toSorted((a, b) => b.length - a.length)[0]!
    const [file, at] = [files[tile.file]!.path, tile.offset + Math.floor(tile.length / 2)]
    await put(file, at, Buffer.from([(await readFile(file))[at]! ^ 1]))
    expect(await failedIn(path)).toContain('pixels')
    await rm(path, { recursive: true })
  })
})
