import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeSlide } from '../open.ts'
import { openWithOpenSlide } from '../openslide.ts'
import { createRenderer, FAKE_PATIENT, hostileSlides, type SyntheticOptions, writeSyntheticSlide } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synthetic-'))
})
afterAll(() => rm(folder, { recursive: true }))

const SIZE = { width: 2100, height: 1300, seed: 7 }

async function write(name: string, options: SyntheticOptions = {}): Promise<string> {
  const path = join(folder, name)
  await writeSyntheticSlide(path, { ...SIZE, ...options })
  return path
}

/** Peak signal-to-noise ratio of a region as OpenSlide decodes it against the pixels that were drawn, dB. */
async function fidelity(path: string, mpp = 0.499): Promise<number> {
  const slide = await openWithOpenSlide(path)
  const [x, y, width, height] = [700, 300, 600, 500]
  const read = await slide.readRegion(x, y, width, height)
  await slide.close()
  const drawn = createRenderer({ ...SIZE, mpp }).render(x, y, width, height)
  let squares = 0
  for (let i = 0; i < drawn.length; i++) squares += ((drawn[i] as number) - (read[i] as number)) ** 2
  return 10 * Math.log10((255 * 255 * drawn.length) / squares)
}

describe('an Aperio slide', () => {
  let path: string
  let bytes: Buffer
  beforeAll(async () => {
    path = await write('slide.svs')
    bytes = await readFile(path)
  })

  test('is one to OpenSlide and to the own index alike', async () => {
    const byOpenSlide = await openWithOpenSlide(path)
    await byOpenSlide.close()
    for (const description of [byOpenSlide.description, await describeSlide(path)]) {
      expect(description).toMatchObject({ format: 'aperio', width: 2100, height: 1300, objectivePower: 20 })
      expect(description.mpp?.x).toBeCloseTo(0.499, 6)
      expect(description.levels.map(({ width, height }) => [width, height])).toEqual([
        [2100, 1300],
        [525, 325],
      ])
      expect(description.associated.map(({ kind }) => kind).sort()).toEqual(['label', 'macro', 'thumbnail'])
    }
  })

  test('shows what was drawn', async () => {
    expect(await fidelity(path)).toBeGreaterThan(28)
  })

  test('carries every planted string', () => {
    for (const [place, text] of Object.entries(FAKE_PATIENT)) {
      if (place === 'birthDatePrinted') continue // Only drawn, on label and macro.
      expect(bytes.includes(text), place).toBe(true)
    }
  })

  test('repeats the patient in more than one page', () => {
    expect(bytes.toString('latin1').split(FAKE_PATIENT.patientId).length - 1).toBeGreaterThanOrEqual(3)
  })

  test('is the same to the last byte with one worker', async () => {
    expect((await readFile(await write('again.svs', { workers: 1 }))).equals(bytes)).toBe(true)
  })

  test('may lack label and macro', async () => {
    const { associated } = await describeSlide(await write('bare.svs', { label: false, macro: false }))
    expect(associated.map(({ kind }) => kind)).toEqual(['thumbnail'])
  })
})

test('tiles of RGB without a marker, 240 pixels wide, in a BigTIFF, have true colours in OpenSlide', async () => {
  const path = await write('rgb.svs', { coding: 'rgb', tileSize: 240, bigTiff: true, mpp: 0.25 })
  expect(await fidelity(path, 0.25)).toBeGreaterThan(28)
  expect(await describeSlide(path)).toMatchObject({ format: 'aperio', objectivePower: 40 })
})

test('a generic TIFF has its levels and resolution, and label and macro as pages of no kind', async () => {
  const path = await write('slide.tiff', { format: 'generic-tiff' })
  const description = await describeSlide(path)
  expect(description).toMatchObject({ format: 'generic-tiff', width: 2100, height: 1300 })
  expect(description.mpp?.x).toBeCloseTo(0.499, 4)
  expect(description.levels).toHaveLength(2)
  expect(await fidelity(path)).toBeGreaterThan(28)
  expect((await readFile(path)).includes(`label ${FAKE_PATIENT.accession}`)).toBe(true)
})

test('a slide with four levels reports progress that never falls', async () => {
  const seen: number[] = []
  const path = await write('tall.svs', { width: 330, height: 9000, tileSize: 64, onProgress: f => seen.push(f) })
  expect(seen.at(-1)).toBe(1)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  const { levels } = await describeSlide(path)
  expect(levels.map(level => level.height)).toEqual([9000, 2250, 562, 140])
})

test('an aborted run leaves no file', async () => {
  const abort = new AbortController()
  const run = write('aborted.svs', { signal: abort.signal, onProgress: () => abort.abort() })
  await expect(run).rejects.toThrow('aborted')
  expect((await readdir(folder)).filter(name => name.startsWith('aborted'))).toEqual([])
})

test('impossible sizes are refused', async () => {
  await expect(write('x.svs', { width: 0 })).rejects.toThrow(RangeError)
  await expect(write('x.svs', { tileSize: 100 })).rejects.toThrow(RangeError)
})

test('memory does not grow with the slide', () => {
  const peak = (side: number) => {
    const script =
      `import { writeSyntheticSlide } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};` +
      `await writeSyntheticSlide(${JSON.stringify(join(folder, `${side}.svs`))}, { width: ${side}, height: ${side} });` +
      'console.log(process.resourceUsage().maxRSS / 1024)'
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd, encoding: 'utf8' }))
  }
  const rawMegabytes = (7168 * 7168 * 3) / 2 ** 20
  expect(peak(7168) - peak(2048)).toBeLessThan(0.8 * rawMegabytes)
})

describe('hostile files', () => {
  test('are refused with a reason, one and all', async () => {
    const slide = await readFile(await write('good.svs', { width: 300, height: 200 }))
    for (const [name, bytes] of Object.entries(hostileSlides(slide))) {
      const path = join(folder, `${name}.svs`)
      await writeFile(path, bytes)
      await expect(describeSlide(path), name).rejects.toMatchObject({ name: 'SlideFileError' })
    }
  })
})
