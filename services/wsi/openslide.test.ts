import { execFile, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { openWithOpenSlide } from './openslide.ts'
import { sharedData, sharedSlide, unlessMissing } from './test-data.ts'
import { decodeRgb } from './turbojpeg.ts'

const run = promisify(execFile)
const mirax = () => sharedSlide('mrxs/mirax-3k-stitching.mrxs')

/** Ids of the child processes of `parent` that hold a slide open (Linux). */
async function childrenOf(parent: number): Promise<number[]> {
  const ids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const stats = await Promise.all(ids.map(id => readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')))
  const lines = await Promise.all(ids.map(id => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
  const isChild = (i: number) => Number(stats[i]?.split(') ')[1]?.split(' ')[1]) === parent
  return ids.filter((_, i) => isChild(i) && lines[i]?.includes('openslide-child'))
}

const until = async (condition: () => Promise<boolean>) => {
  for (let i = 0; i < 100; i++) {
    if (await condition()) return true
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return false
}

describe.skipIf(!sharedData)(`slides through OpenSlide${unlessMissing}`, () => {
  it('a large region, read in blocks, equals the same read in one', async () => {
    const slide = await openWithOpenSlide(mirax())
    const [x, y, width, height] = [-50, 700, 3100, 700]
    const region = await slide.readRegion(x, y, width, height)
    const [left, right] = await Promise.all([
      slide.readRegion(x, y, 1550, height),
      slide.readRegion(x + 1550, y, 1550, height),
    ])
    for (let row = 0; row < height; row += 50) {
      const line = region.subarray(row * width * 3, (row + 1) * width * 3)
      expect(line.subarray(0, 4650).equals(left.subarray(row * 4650, (row + 1) * 4650))).toBe(true)
      expect(line.subarray(4650).equals(right.subarray(row * 4650, (row + 1) * 4650))).toBe(true)
    }
    expect(region.subarray(0, 150).every(v => v === 255)).toBe(true)
    await slide.close()
  })

  it('reads levels as the file has them, and associated images', async () => {
    const slide = await openWithOpenSlide(mirax())
    const { levels, associated } = slide.description
    expect(levels.length).toBeGreaterThan(1)
    const whole = await slide.readLevel(1, { x: 0, y: 0 }, levels[1]!)
    expect(whole).toHaveLength(levels[1]!.width * levels[1]!.height * 3)
    expect(new Set(whole).size).toBeGreaterThan(10)
    const macro = await slide.readAssociated('macro')
    const { width, height } = associated.find(({ kind }) => kind === 'macro')!
    expect(macro).toMatchObject({ width, height })
    expect(macro!.data).toHaveLength(width * height * 3)
    expect(await slide.readAssociated('other')).toBeNull()
    await slide.close()
  })

  it('gives JPEGs of the pixels that it reads, over white', async () => {
    const slide = await openWithOpenSlide(mirax())
    const [place, size] = [
      { x: -64, y: 1200 },
      { width: 256, height: 200 },
    ]
    const pixels = await slide.readLevel(0, place, size)
    const jpeg = await slide.readJpeg(0, place, size, 100)
    const { data, ...decoded } = decodeRgb(jpeg)
    expect(decoded).toEqual(size)
    const apart = pixels.reduce((sum, sample, i) => sum + Math.abs(sample - data[i]!), 0) / pixels.length
    expect(apart).toBeLessThan(4)
    // Left of the slide nothing is but white.
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255])
    expect((await slide.readJpeg(0, place, size, 30)).length).toBeLessThan(jpeg.length / 2)
    await slide.close()
  })

  it('a killed reader is damage for its own slide only', async () => {
    const before = await childrenOf(process.pid)
    const doomed = await openWithOpenSlide(mirax())
    const [child] = (await childrenOf(process.pid)).filter(id => !before.includes(id))
    const other = await openWithOpenSlide(mirax())
    process.kill(child as number, 'SIGSEGV')
    await expect(doomed.readRegion(0, 0, 2000, 2000)).rejects.toMatchObject({ code: 'damaged' })
    await expect(doomed.readRegion(0, 0, 10, 10)).rejects.toMatchObject({ code: 'damaged' })
    expect(await other.readRegion(0, 0, 10, 10)).toHaveLength(300)
    await Promise.all([doomed.close(), other.close()])
  })

  it('stops waiting when told', async () => {
    const slide = await openWithOpenSlide(mirax())
    const stop = new AbortController()
    const reading = slide.readRegion(0, 0, 2900, 2900, stop.signal)
    stop.abort()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(await slide.readRegion(0, 0, 10, 10)).toHaveLength(300)
    await slide.close()
  })

  it('the child ends with its parent, and an open slide keeps no parent running', async () => {
    const module = new URL('./openslide.ts', import.meta.url).href
    const open = `const { openWithOpenSlide } = await import('${module}'); await openWithOpenSlide(process.argv[1]);`
    await run(process.execPath, ['--input-type=module', '-e', open, mirax()], { timeout: 20_000 })
    const parent = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `${open} setInterval(() => {}, 1000)`,
      mirax(),
    ])
    const id = parent.pid as number
    expect(await until(async () => (await childrenOf(id)).length === 1)).toBe(true)
    const [child] = await childrenOf(id)
    parent.kill('SIGKILL')
    const gone = () =>
      readFile(`/proc/${child}/stat`, 'utf8').then(
        stat => stat.includes(') Z '),
        () => true,
      )
    expect(await until(gone)).toBe(true)
  })
})
