import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFile } from '../byte-source.ts'
import { describeSlide, openSlide } from '../open.ts'
import { READABLE_SLIDES, sharedData, sharedSlide, unlessMissing } from '../test-data.ts'
import { readImage } from '../tiff/image.ts'
import { type Ifd, readTiff } from '../tiff/index.ts'
import { createRegionReader } from '../tiff/region.ts'
import { decodeRgb, encodeRgb } from '../turbojpeg.ts'
import { convert, verifyPyramid } from './index.ts'
import { bestShift, boxAverage, cut, type Picture, psnr } from './measure.ts'

const run = promisify(execFile)

const hasVips = (() => {
  try {
    return execFileSync('vips', ['--version'], { stdio: 'pipe' }).length > 0
  } catch {
    return false
  }
})()

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convert-slides-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Window {
  x: number
  y: number
  width: number
  height: number
}

/** Windows at the upper left, in the middle and at the lower right. */
function windows({ width, height }: Picture): Window[] {
  const [w, h] = [Math.min(width, 512), Math.min(height, 512)]
  const places = [0, 0.5, 1].map(part => [Math.floor((width - w) * part), Math.floor((height - h) * part)] as const)
  return places.map(([x, y]) => ({ x, y, width: w, height: h }))
}

/** The window with the most change from pixel to pixel: on bare glass a shift cannot be seen for the noise. */
function detailed(picture: Picture): Window {
  const { width, height, data } = picture
  const [w, h] = [Math.min(width, 512), Math.min(height, 512)]
  let best = { x: 0, y: 0, width: w, height: h, change: -1 }
  for (let y = 0; y + h <= height; y += h) {
    for (let x = 0; x + w <= width; x += w) {
      let change = 0
      for (let i = 0; i < h; i += 4) {
        const row = ((y + i) * width + x) * 3
        for (let j = 0; j + 3 < w * 3; j += 3) change += Math.abs((data[row + j] ?? 0) - (data[row + j + 3] ?? 0))
      }
      if (change > best.change) best = { x, y, width: w, height: h, change }
    }
  }
  return best
}

const cutWindow = (picture: Picture, { x, y, width, height }: Window) => cut(picture, x, y, width, height)

async function wholeSlide(path: string): Promise<Picture> {
  const slide = await openSlide(path)
  const { width, height } = slide.description
  const data = await slide.readRegion(0, 0, width, height)
  await slide.close()
  return { width, height, data }
}

/** The pixels of one page, decoded by the own index. */
async function page(path: string, index: number): Promise<Picture> {
  const source = await openFile(path)
  const tiff = await readTiff(source)
  const image = await readImage(tiff.ifds[index] as Ifd, source.size)
  const { width, height } = image
  const data = await createRegionReader(source, image)({ x: 0, y: 0, width, height })
  await source.close()
  return { width, height, data }
}

/** A file that vips reads as the slide: it takes a .mrxs for the JPEG that it also is, so this one as plain pixels. */
async function forVips(input: string): Promise<string> {
  if (!input.endsWith('.mrxs')) return input
  const { width, height, data } = await wholeSlide(input)
  const path = join(folder, 'whole.ppm')
  await writeFile(path, Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), data]))
  return path
}

/** A window of a slide as vips reads it, transparent parts white. */
async function vipsWindow(path: string, { x, y, width, height }: Window): Promise<Picture> {
  const file = join(folder, 'window.png')
  await run('vips', ['crop', path, file, ...[x, y, width, height].map(String)])
  const data = await sharp(file).flatten({ background: 'white' }).toColourspace('srgb').removeAlpha().raw().toBuffer()
  return { width, height, data }
}

describe.skipIf(!sharedData).each(READABLE_SLIDES)(`%s${unlessMissing}`, name => {
  const input = sharedSlide(name)
  const output = () => join(folder, `${name.replaceAll('/', '-')}.tif`)

  test('becomes a pyramid that keeps size, mpp and objective power', async () => {
    const source = await describeSlide(input)
    const converted = await convert(input, output())
    const pyramid = await verifyPyramid(output())
    expect(pyramid).toMatchObject({ width: source.width, height: source.height, tileSize: 256 })
    expect(pyramid.objectivePower).toBe(source.objectivePower)
    expect(pyramid.icc).toEqual(source.icc)
    expect(converted.levels).toEqual(pyramid.levels)
    expect(converted.bytes).toBe(pyramid.bytes)
    if (source.mpp) expect(pyramid.mpp?.x).toBeCloseTo(source.mpp.x, 7)
    else expect(pyramid.mpp).toBeNull()
    const described = await describeSlide(output())
    expect(described).toMatchObject({ format: 'generic-tiff', levels: pyramid.levels, associated: [] })
  })

  test('each level is the box average of level 0, without a shift', async () => {
    let expected = await wholeSlide(input)
    const { levels } = await verifyPyramid(output())
    for (const index of levels.keys()) {
      if (index > 0) expected = boxAverage(expected)
      const level = await page(output(), index)
      const window = detailed(expected)
      const shift = bestShift(cutWindow(level, window), cutWindow(expected, window))
      expect(shift, `level ${index}`).toEqual({ dx: 0, dy: 0 })
      for (const place of [window, ...windows(expected)]) {
        const original = cutWindow(expected, place)
        // The best that Q 50 can do: the average itself, encoded.
        const best = psnr(decodeRgb(encodeRgb(original.data, place.width, place.height)), original)
        const here = `level ${index} at ${place.x},${place.y}`
        expect(psnr(cutWindow(level, place), original), here).toBeGreaterThan(Math.min(best, 60) - 0.5)
      }
    }
  })

  test.skipIf(!hasVips)('is at level 0 as good as what vips makes (skipped without the vips command)', async () => {
    const peer = join(folder, 'peer.tif')
    const tiles = ['--tile', '--tile-width', '256', '--tile-height', '256', '--pyramid', '--bigtiff']
    const source = await forVips(input)
    await run('vips', ['tiffsave', source, peer, '--compression', 'jpeg', '--Q', '50', ...tiles])
    const [ours, theirs] = [await page(output(), 0), await page(peer, 0)]
    expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height])
    for (const window of windows(ours)) {
      const reference = await vipsWindow(source, window)
      const best = psnr(cutWindow(theirs, window), reference)
      expect(psnr(cutWindow(ours, window), reference), `at ${window.x},${window.y}`).toBeGreaterThan(
        Math.min(best, 60) - 0.5,
      )
    }
  })
})
