/** Marked regions of NDPI and MRXS, which keep their format: white on every level, and nothing else changes. */
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { type SyntheticOptions, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeidentifiedFiles, deidentifyFile, openReportKeys } from '../files.ts'
import { prove } from '../proof/index.ts'
import { layOut } from '../proof/layout.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-redact-formats-'))
})
afterAll(() => rm(folder, { recursive: true }))

const MARKS = [
  { x: 300, y: 290, width: 161, height: 177 },
  { x: 700, y: 600, width: 10, height: 10 },
]

async function redacted(path: string, redact = MARKS): Promise<DeidentifiedFiles> {
  const keys = await openReportKeys({ signing: '', input: '' }, join(folder, 'keys'))
  return deidentifyFile(path, await mkdtemp(join(folder, 'result-')), { revision: 2, keys, redact })
}

/** How far from a mark, in level-0 pixels, a level may differ: units of its JPEG, and the row of units where white is dear. */
type Reach = (downsample: number) => { x: number; y: number }

/** Compares what OpenSlide shows of two slides on every level. */
async function expectBlankedOnly(before: string, after: string, reach: Reach): Promise<void> {
  const [one, two] = [await openWithOpenSlide(before), await openWithOpenSlide(after)]
  expect(two.description.levels).toEqual(one.description.levels)
  for (const [k, { downsample, width, height }] of two.description.levels.entries()) {
    const size = { width: Math.min(width, 1400), height: Math.min(height, 1400) }
    const [was, is] = [await one.readLevel(k, { x: 0, y: 0 }, size), await two.readLevel(k, { x: 0, y: 0 }, size)]
    const far = reach(downsample)
    let inside = 255
    let changedBeside = 0
    for (let at = 0; at < is.length; at++) {
      const [x, y] = [((at / 3) | 0) % size.width, Math.floor(at / 3 / size.width)].map(p => p * downsample) as [
        number,
        number,
      ]
      const within = (dx: number, dy: number) =>
        MARKS.some(
          m =>
            x >= m.x - dx &&
            x + downsample <= m.x + m.width + dx &&
            y >= m.y - dy &&
            y + downsample <= m.y + m.height + dy,
        )
      if (within(0, 0)) inside = Math.min(inside, is[at]!)
      else if (was[at] !== is[at] && !within(far.x, far.y)) changedBeside += 1
    }
    expect(inside, `level ${k}`).toBeGreaterThan(235)
    expect(changedBeside, `level ${k}`).toBe(0)
  }
  await one.close()
  await two.close()
}

const SLIDES: [string, SyntheticOptions, Reach | null][] = [
  ['two colours a pixel', { format: 'hamamatsu', subsampling: '4:2:2' }, d => ({ x: 40 * d, y: 18 * d })],
  ['full colour', { format: 'hamamatsu', subsampling: '4:4:4' }, d => ({ x: 40 * d, y: 18 * d })],
  // OpenSlide does not read such an NDPI.
  ['quarter colour', { format: 'hamamatsu', subsampling: '4:2:0' }, null],
  ['compressed positions', { format: 'mirax', overlap: 24 }, d => ({ x: 40 * d, y: 40 * d })],
  ['plain positions', { format: 'mirax', overlap: 24, positions: 'plain' }, d => ({ x: 40 * d, y: 40 * d })],
  ['no positions', { format: 'mirax', overlap: 0 }, d => ({ x: 40 * d, y: 40 * d })],
]

describe.each(SLIDES)('%s', (name, options, reach) => {
  it(`${options.format} keeps its format; marks are white on all levels, all else is the same`, async () => {
    const path = join(folder, `${name}.${options.format === 'mirax' ? 'mrxs' : 'ndpi'}`)
    await writeSyntheticSlide(path, {
      width: 1100,
      height: 900,
      seed: 7,
      tileSize: 64,
      workers: 1,
      hidingPlaces: 'all',
      ...options,
    })
    const made = await redacted(path)
    expect(made.rendition).toBe('original')
    expect(made.report.checks.find(({ id }) => id === 'redactions')?.passed).toBe(true)
    for (const { redacted, tiles } of made.report.levels) {
      expect(redacted).toBeGreaterThan(0)
      if (tiles > 16) expect(redacted).toBeLessThan(tiles / 2)
    }
    if (reach) await expectBlankedOnly(path, made.files[0].path, reach)
  })
})

describe.skipIf(!sharedData)(`real slides${unlessMissing}`, () => {
  it.each(['ndpi/hamamatsu-6k.ndpi', 'ndpi/test3-DAPI-2-(387).ndpi'])('%s', async name => {
    const path = sharedSlide(name)
    const made = await redacted(path)
    expect(basename(made.files[0].path)).toBe('original.ndpi')
    expect(made.files[0].bytes).toBe((await stat(path)).size)
    // Where a level is dark, white takes more bits than there were: neighbours in the row of units are white, too.
    await expectBlankedOnly(path, made.files[0].path, d => ({ x: 300 + 120 * d, y: 10 * d }))
  })
})

describe('the proof of a redacted slide', () => {
  const change = async (path: string, at: number): Promise<() => Promise<void>> => {
    const file = await open(path, 'r+')
    const old = Buffer.alloc(1)
    await file.read(old, 0, 1, at)
    await file.write(Buffer.from([old[0]! ^ 1]), 0, 1, at)
    await file.close()
    return async () => {
      const again = await open(path, 'r+')
      await again.write(old, 0, 1, at)
      await again.close()
    }
  }

  it.each(['hamamatsu', 'mirax'] as const)(
    'of %s finds a level that was not blanked, and pixels beside the marks',
    async format => {
      const path = join(folder, `proof.${format === 'mirax' ? 'mrxs' : 'ndpi'}`)
      await writeSyntheticSlide(path, { format, width: 1100, height: 900, seed: 7, tileSize: 64, workers: 1 })
      const made = await redacted(path)
      const input = { sourcePath: path, rendition: 'original' as const, given: [] }
      const failed = async (resultPath: string, marks = MARKS) =>
        (await prove({ ...input, resultPath, redacted: marks })).checks
          .filter(({ passed }) => !passed)
          .map(({ id }) => id)
      const { path: result } = made.files[0]
      expect(await failed(result)).toEqual([])
      // Another mark was asked for: that one is not blank, and the tiles under the old one are not the source's.
      expect(await failed(result, [{ x: 820, y: 420, width: 90, height: 90 }])).toEqual(['pixels', 'redactions'])
      const layout = await layOut(result)
      const [level] = layout.levels
      const last = level!.segments.at(-1)!
      // In the last tile, or the last of the stream: far from the marks.
      const undo = await change(layout.files[last.file]!.path, last.offset + last.length - 12)
      expect(await failed(result)).toContain('pixels')
      await undo()
      expect(await failed(result)).toEqual([])
    },
  )

  it('of NDPI looks at every level', async () => {
    const path = join(folder, 'levels.ndpi')
    await writeSyntheticSlide(path, {
      format: 'hamamatsu',
      width: 1400,
      height: 900,
      seed: 7,
      tileSize: 64,
      workers: 1,
    })
    const { files } = await redacted(path)
    const [source, layout] = [await readFile(path), await layOut(files[0].path)]
    const { offset, length } = layout.levels.at(-1)!.segments[0]!
    const file = await open(files[0].path, 'r+')
    await file.write(source, offset, length, offset)
    await file.close()
    const input = { sourcePath: path, resultPath: files[0].path, rendition: 'original' as const, given: [] }
    const { checks } = await prove({ ...input, redacted: MARKS })
    expect(checks.filter(({ passed }) => !passed).map(({ id }) => id)).toEqual(['redactions'])
  })
})
