/** MIRAX slides made to hide something, or to break what reads them. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MiraxIndex } from '@coverslip/wsi/formats/mirax/index-file.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { miraxSlideId } from '@coverslip/wsi/synthetic/mirax-text.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Deidentified } from '../in-place.ts'
import { deidentifyMirax, miraxChangesNothing } from './in-place.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-mirax-'))
  const options = { width: 500, height: 400, seed: 5, tileSize: 32, overlap: 8 }
  await writeSyntheticSlide(join(folder, 'slide.mrxs'), { ...options, format: 'mirax', hidingPlaces: 'all' })
})
afterAll(() => rm(folder, { recursive: true }))

let made = 0
/** A copy of the slide, changed. */
async function copy(change: (folder: string) => Promise<void>): Promise<string> {
  const name = join(folder, `copy-${made++}`)
  await cp(join(folder, 'slide'), name, { recursive: true })
  await cp(join(folder, 'slide.mrxs'), `${name}.mrxs`)
  await change(name)
  return `${name}.mrxs`
}

const edit = (change: (ini: string) => string) =>
  copy(async name => {
    const path = join(name, 'Slidedat.ini')
    await writeFile(path, change(await readFile(path, 'utf8')))
  })

async function run(path: string): Promise<{ result: Deidentified | null; to: string; files: Map<string, Buffer> }> {
  const to = join(folder, `result-${made++}.mrxs`)
  const result = await deidentifyMirax(path, to, await describeSlide(path))
  const beside = to.replace('.mrxs', '')
  const names = result ? await readdir(beside) : []
  return {
    result,
    to,
    files: new Map(await Promise.all(names.map(async n => [n, await readFile(join(beside, n))] as const))),
  }
}

describe('a MIRAX slide', () => {
  it('becomes three plain names, an empty head and another id of the same length', async () => {
    const { to, files } = await run(await copy(async () => {}))
    expect([...files.keys()].toSorted()).toEqual(['Data0000.dat', 'Index.dat', 'Slidedat.ini'])
    expect(await readFile(to)).toEqual(Buffer.alloc(1))
    const old = miraxSlideId(FAKE_PATIENT)
    const id = /SLIDE_ID = (\w+)/.exec(files.get('Slidedat.ini')!.toString())![1]!
    expect(id).not.toBe(old)
    expect(id).toHaveLength(old.length)
    // No year or number that was removed can turn up in it.
    expect(id).toMatch(/^DE1DE1D0[A-F]+$/)
    for (const name of ['Index.dat', 'Data0000.dat'])
      expect(files.get(name)!.toString('latin1', 5, 5 + id.length)).toBe(id)
    expect(await miraxChangesNothing(to)).toBe(true)
    const again = await run(await copy(async () => {}))
    expect(again.files.get('Slidedat.ini')!.includes(id), 'two results share no id').toBe(false)
  })

  it('is the same, byte for byte, when two make it of the same seed', async () => {
    const path = await copy(async () => {})
    const filesOf = async (seed: string) => {
      const to = join(folder, `result-${made++}.mrxs`)
      await deidentifyMirax(path, to, await describeSlide(path), undefined, { idSeed: Buffer.from(seed) })
      const names = (await readdir(to.replace('.mrxs', ''))).toSorted()
      return Buffer.concat(await Promise.all(names.map(name => readFile(join(to.replace('.mrxs', ''), name)))))
    }
    const [one, two, other] = [await filesOf('slide 1'), await filesOf('slide 1'), await filesOf('slide 2')]
    expect(one.equals(two)).toBe(true)
    expect(one.equals(other)).toBe(false)
  })

  it('keeps nothing of unknown keys, sections and names, and withholds them from the report', async () => {
    const path = await edit(
      ini =>
        `${ini
          .replace('[HIERARCHICAL]', 'QUILLFEATHER = 1\r\nOUTPUT_RESOLUTION = Quillfeather\r\n[HIERARCHICAL]')
          .replace('HIER_1_NAME = Slide filter level', 'HIER_1_NAME = Ottoline')
          .replace('NONHIER_0_VAL_5 = ProfileXML', 'NONHIER_0_VAL_5 = Marchbanks')
          .replace('ZoomLevel_1', 'Ferncliff')}[QUILLFEATHER_SECTION]\r\nSEX = female\r\n`,
    )
    const { result, files } = await run(path)
    const all = Buffer.concat([...files.values()]).toString('latin1')
    for (const text of ['uillfeather', 'QUILLFEATHER', 'Ottoline', 'Marchbanks', 'Ferncliff', 'female']) {
      expect(all, text).not.toContain(text)
      expect(JSON.stringify(result!.removed), text).not.toContain(text)
    }
    expect(result!.removed.map(({ name }) => name)).toEqual(expect.arrayContaining(['unknown key', 'unknown record']))
  })

  it('may name its data files after the patient', async () => {
    const path = await copy(async name => {
      await cp(join(name, 'Data0000.dat'), join(name, 'Quillfeather.dat'))
      await rm(join(name, 'Data0000.dat'))
      const ini = await readFile(join(name, 'Slidedat.ini'), 'utf8')
      await writeFile(join(name, 'Slidedat.ini'), ini.replace('Data0000.dat', 'Quillfeather.dat'))
    })
    const { files } = await run(path)
    expect([...files.keys()]).toContain('Data0000.dat')
    expect(files.get('Slidedat.ini')!.includes('Quillfeather')).toBe(false)
  })

  it('loses what stands behind its compressed positions', async () => {
    const path = await copy(async name => {
      const bytes = await readFile(join(name, 'Index.dat'))
      const id = miraxSlideId(FAKE_PATIENT)
      // Records: seven of the scan data layer, the histogram, then the positions.
      const { offset, length, file } = new MiraxIndex(bytes, id, 1).record(8)
      const [old, longer] = [
        [offset, length, file],
        [offset, length + 30, file],
      ].map(v => Buffer.from(Int32Array.from(v).buffer))
      longer!.copy(bytes, bytes.indexOf(old!))
      await writeFile(join(name, 'Index.dat'), bytes)
      expect(
        (await readFile(join(name, 'Data0000.dat'))).toString('latin1', offset + length, offset + length + 30),
      ).toContain('SP-24')
    })
    const { files, to } = await run(path)
    expect(files.get('Data0000.dat')!.includes('SP-24')).toBe(false)
    const slide = await openWithOpenSlide(to)
    await slide.close()
  })

  it('is refused when its positions are no positions', async () => {
    const path = await copy(async name => {
      const bytes = await readFile(join(name, 'Index.dat'))
      const { offset } = new MiraxIndex(bytes, miraxSlideId(FAKE_PATIENT), 1).record(8)
      const data = await readFile(join(name, 'Data0000.dat'))
      data.write('Quillfeather, Ottoline', offset)
      await writeFile(join(name, 'Data0000.dat'), data)
    })
    await expect(run(path)).rejects.toMatchObject({ name: 'SlideFileError', code: 'damaged' })
  })

  it('is left to be rewritten when a zoom level is no JPEG', async () => {
    const parts = (ini: string) => ini.split('[LAYER_0_LEVEL_1_SECTION]')
    const path = await edit(ini => {
      const [before, after] = parts(ini)
      return `${before}[LAYER_0_LEVEL_1_SECTION]${after!.replace('IMAGE_FORMAT = JPEG', 'IMAGE_FORMAT = PNG')}`
    })
    expect((await run(path)).result).toBeNull()
  })
})
