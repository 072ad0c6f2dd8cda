import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSlide } from '../../open.ts'
import { openWithOpenSlide } from '../../openslide.ts'
import { isPictureSlide } from '../../pictures.ts'
import { writeSyntheticSlide } from '../../synthetic/index.ts'
import { sharedData, sharedSlide, unlessMissing } from '../../test-data.ts'
import { parseSlidedat } from './slidedat.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mirax-'))
  await write('made', { overlap: 24, positions: 'plain' })
}, 60_000)
afterAll(() => rm(folder, { recursive: true }))

async function write(name: string, options: Parameters<typeof writeSyntheticSlide>[1]): Promise<string> {
  const path = join(folder, `${name}.mrxs`)
  const size = { width: 700, height: 600, tileSize: 64, workers: 1 }
  await writeSyntheticSlide(path, { format: 'mirax', ...size, ...options })
  return path
}

let copies = 0
/** A copy of the made slide in which one of its files is changed. */
async function changed(file: 'Slidedat.ini' | 'Index.dat', edit: (bytes: Buffer) => Buffer | string): Promise<string> {
  const path = join(folder, `copy-${copies++}.mrxs`)
  const inside = path.replace(/\.mrxs$/, '')
  await cp(join(folder, 'made'), inside, { recursive: true })
  await writeFile(path, '')
  await writeFile(join(inside, file), edit(await readFile(join(inside, file))))
  return path
}

const ini = (edit: (text: string) => string) =>
  changed('Slidedat.ini', bytes => {
    const text = bytes.toString('utf8')
    const edited = edit(text)
    expect(edited).not.toBe(text)
    return edited
  })

/** Sets keys wherever they are; a new one goes to the end of its section's first line. */
const set = (key: string, value: string | number) =>
  ini(text => text.replace(new RegExp(`^${key} *=.*$`, 'm'), `${key} = ${value}`))

const refusal = (path: string) =>
  openSlide(path).then(
    async slide => {
      await slide.close()
      return null
    },
    reason => reason,
  )

async function sameAsOpenSlide(path: string): Promise<void> {
  const [own, reference] = await Promise.all([openSlide(path), openWithOpenSlide(path)])
  expect(isPictureSlide(own)).toBe(true)
  const sizes = (slide: typeof own) => slide.description.levels.map(({ width, height }) => [width, height])
  expect(sizes(own)).toEqual(sizes(reference))
  expect(own.description).toMatchObject({
    mpp: reference.description.mpp,
    objectivePower: reference.description.objectivePower,
  })
  const { width, height } = own.description
  for (const [x, y, w, h] of [
    [0, 0, Math.min(width, 2000), Math.min(height, 2000)],
    [width - 333, height - 211, 333, 211],
    [-20, -30, 100, 100],
  ] as const) {
    const [a, b] = await Promise.all([own.readRegion(x, y, w, h), reference.readRegion(x, y, w, h)])
    expect(a.equals(b), `${w} x ${h} at ${x},${y}`).toBe(true)
  }
  await Promise.all([own.close(), reference.close()])
}

describe('images of a slide', () => {
  it.each([
    ['overlapping, plain positions', { overlap: 24, positions: 'plain' }],
    ['overlapping, compressed positions', { overlap: 17, positions: 'compressed' }],
    ['edge to edge, without a list of positions', { overlap: 0 }],
    ['over several data files', { overlap: 24, dataFileBytes: 60_000 }],
  ] as const)('%s: exactly the pixels of OpenSlide', async (name, options) => {
    const path = await write(name.replaceAll(/\W/g, '-'), options)
    if ('dataFileBytes' in options) {
      expect(
        (await readdir(path.replace(/\.mrxs$/, ''))).filter(file => /^Data\d+\.dat$/.test(file)).length,
      ).toBeGreaterThan(1)
    }
    await sameAsOpenSlide(path)
  })

  it.skipIf(!sharedData).each(['mrxs/mirax-3k-stitching.mrxs', 'mrxs/mirax-6k-plain.mrxs'])(
    `%s: exactly the pixels of OpenSlide${unlessMissing}`,
    name => sameAsOpenSlide(sharedSlide(name)),
  )

  it('where the scanner left out the finest level: exactly the pixels of OpenSlide', async () => {
    const path = await ini(text =>
      text
        .replace(/^HIER_0_COUNT = (\d+)/m, (_, count) => `HIER_0_COUNT = ${count - 1}`)
        .replace(/^(HIER_0_VAL_\d+_SECTION = LAYER_0_LEVEL_)(\d+)/gm, (_, key, level) => `${key}${Number(level) + 1}`),
    )
    const index = path.replace(/\.mrxs$/, '/Index.dat')
    const bytes = await readFile(index)
    // The table of zoom levels begins one pointer later.
    bytes.writeInt32LE(bytes.readInt32LE(5 + 32) + 4, 5 + 32)
    await writeFile(index, bytes)
    await sameAsOpenSlide(path)
  })

  it('other codings are left to OpenSlide', async () => {
    const path = await ini(text => text.replaceAll('IMAGE_FORMAT = JPEG', 'IMAGE_FORMAT = PNG'))
    const slide = await openSlide(path)
    expect(isPictureSlide(slide)).toBe(false)
    await slide.close()
  })
})

describe('Slidedat.ini', () => {
  it('has sections and keys, with or without a byte order mark; lines without a key say nothing', () => {
    const text = '\uFEFF[GENERAL]\r\nA = 1\r\n = x\r\n# B = 2\r\nC=\r\nA = 3=4\r\n\r\n[OTHER]\nA=\u00e4'
    expect([...parseSlidedat(Buffer.from(text))].map(([name, keys]) => [name, [...keys]])).toEqual([
      [
        'GENERAL',
        [
          ['A', '3=4'],
          ['C', ''],
        ],
      ],
      ['OTHER', [['A', 'ä']]],
    ])
    expect(parseSlidedat(Buffer.from('[A]\nB = \xe4', 'latin1')).get('A')?.get('B')).toBe('ä')
  })

  it.each<[string, () => Promise<string>, string, RegExp]>([
    [
      'a file outside of the folder',
      () => set('FILE_0', '../../other/Data0000.dat'),
      'damaged',
      /outside of its folder/,
    ],
    [
      'such a name under a key that only this reader takes for it',
      () => ini(text => text.replace(/^FILE_0 = .*$/m, 'FILE_0\u2003= ../../other/Data0000.dat')),
      'damaged',
      /outside of its folder/,
    ],
    ['an absolute path', () => set('INDEXFILE', '/etc/passwd'), 'damaged', /outside of its folder/],
    ['a file that is missing', () => set('FILE_0', 'Data9999.dat'), 'damaged', /missing/],
    ['no images', () => set('IMAGENUMBER_X', 0), 'damaged', /impossible number/],
    ['more images than any slide', () => set('IMAGENUMBER_X', 4_000_000), 'too-large', /pixels/],
    ['a number that is none', () => set('IMAGENUMBER_Y', '0x10'), 'damaged', /impossible number/],
    ['a billion levels', () => set('HIER_0_COUNT', 1e9), 'damaged', /impossible number/],
    ['a billion records', () => set('NONHIER_COUNT', 1e9), 'damaged', /impossible number/],
    ['a billion files', () => set('FILE_COUNT', 1e9), 'damaged', /impossible number/],
    ['images of 2^31 pixels', () => set('DIGITIZER_WIDTH', 2 ** 31), 'damaged', /impossible number/],
    ['an overlap without end', () => set('OVERLAP_X', '1e999'), 'damaged', /impossible number/],
    ['a negative size', () => set('OVERLAP_X', 1e9), 'damaged', /impossible number/],
    ['a missing key', () => ini(text => text.replace(/^SLIDE_ID.*$/m, '')), 'damaged', /lacks a key/],
    ["another slide's id", () => set('SLIDE_ID', 'F'.repeat(32)), 'damaged', /Index\.dat/],
    ['an unknown coding', () => set('IMAGE_FORMAT', 'JPEGXR'), 'unsupported', /compression/],
    [
      'several fluorescence channels',
      () =>
        ini(text =>
          text
            .replace(/^SLIDE_TYPE.*$/m, 'SLIDE_TYPE = SLIDE_TYPE_FLUORESCENCE')
            .replace(/^HIER_1_NAME.*$/m, 'HIER_1_NAME = Slide filter level')
            .replace(/^HIER_1_COUNT.*$/m, 'HIER_1_COUNT = 3'),
        ),
      'unsupported',
      /fluorescence channels/,
    ],
    [
      'focal planes',
      () =>
        ini(text =>
          text
            .replace(/^HIER_1_NAME.*$/m, 'HIER_1_NAME = Microscope focus level')
            .replace(/^HIER_1_COUNT.*$/m, 'HIER_1_COUNT = 9'),
        ),
      'unsupported',
      /focal planes/,
    ],
  ])('%s: refused with a reason', async (_, make, code, reason) => {
    expect(await refusal(await make())).toMatchObject({ name: 'SlideFileError', code, publicMessage: reason })
  })
})

describe('Index.dat', () => {
  /** Positions in the file: root of the zoom levels, its first record, that record's first page. */
  const places = (bytes: Buffer) => {
    const root = 5 + 32
    const table = bytes.readInt32LE(root)
    const record = bytes.readInt32LE(table)
    return { root, table, record, page: bytes.readInt32LE(record + 4) }
  }
  const write = (bytes: Buffer, at: number, value: number): Buffer => {
    bytes.writeInt32LE(value, at)
    return bytes
  }

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['a page that is its own successor', bytes => write(bytes, places(bytes).page + 4, places(bytes).page)],
    ['two billion items', bytes => write(bytes, places(bytes).page, 0x7fffffff)],
    ['a negative count', bytes => write(bytes, places(bytes).page, -5)],
    ['a root behind the end', bytes => write(bytes, places(bytes).root, 0x7ffffff0)],
    ['a negative pointer', bytes => write(bytes, places(bytes).table, -1)],
    ['a place outside of the slide', bytes => write(bytes, places(bytes).page + 8, 1_000_000)],
    ['an offset behind the end', bytes => write(bytes, places(bytes).page + 12, 0x7fffff00)],
    ['a file that is not listed', bytes => write(bytes, places(bytes).page + 20, 77)],
    ['half of it', bytes => bytes.subarray(0, bytes.length >> 1)],
    ['nothing', () => Buffer.alloc(0)],
  ])('%s: damage, soon', async (_, edit) => {
    const started = performance.now()
    expect(await refusal(await changed('Index.dat', edit))).toMatchObject({ name: 'SlideFileError', code: 'damaged' })
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
