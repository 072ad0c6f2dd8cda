/** Whether marked regions are blank on every level, by the readers of slides. */
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { describeSlide, openSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import type { Rectangle } from '../files.ts'

/** Blank: white but for what JPEG makes of an edge. */
const NEARLY_WHITE = 200
/** Regions are looked at in pieces of so many pixels a side. */
const PIECE = 1024

function* piecesOf({ x, y, width, height }: Rectangle): Generator<Rectangle> {
  for (let top = y; top < y + height; top += PIECE) {
    for (let left = x; left < x + width; left += PIECE) {
      yield { x: left, y: top, width: Math.min(PIECE, x + width - left), height: Math.min(PIECE, y + height - top) }
    }
  }
}

const isBlank = (pixels: Buffer): boolean => pixels.every(value => value >= NEARLY_WHITE)

/** What lies wholly inside of a region on a level; null where the region is smaller than a pixel. */
function inside({ x, y, width, height }: Rectangle, downsample: number): Rectangle | null {
  const [left, top] = [Math.ceil(x / downsample), Math.ceil(y / downsample)]
  const [right, bottom] = [Math.floor((x + width) / downsample), Math.floor((y + height) / downsample)]
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : null
}

/** Level 0, as this program shows it. */
async function shownByOurs(path: string, marked: readonly Rectangle[], signal?: AbortSignal): Promise<boolean> {
  const slide = await openSlide(path, signal)
  try {
    for (const { x, y, width, height } of marked.flatMap(region => [...piecesOf(region)])) {
      if (!isBlank(await slide.readRegion(x, y, width, height, signal))) return true
    }
    return false
  } finally {
    await slide.close()
  }
}

interface Paths {
  sourcePath: string
  resultPath: string
}

/**
 * All levels that are stored, as OpenSlide shows them: those that it makes of others blend colours over the border of a
 * region. Where it is missing, or cannot read the source either, nothing is said.
 */
async function shownByOpenSlide(
  { sourcePath, resultPath }: Paths,
  marked: readonly Rectangle[],
  signal?: AbortSignal,
): Promise<boolean> {
  const slide = await openWithOpenSlide(resultPath, signal).catch(() => null)
  if (!slide) return false
  try {
    const stored = new Set((await describeSlide(resultPath, signal)).levels.map(({ width }) => width))
    for (const [level, { width: levelWidth, downsample }] of slide.description.levels.entries()) {
      if (!stored.has(levelWidth)) continue
      for (const region of marked) {
        const area = inside(region, downsample)
        for (const { x, y, ...size } of area ? piecesOf(area) : []) {
          const corner = { x: Math.round(x * downsample), y: Math.round(y * downsample) }
          if (!isBlank(await slide.readLevel(level, corner, size, signal))) return true
        }
      }
    }
    return false
  } catch (error) {
    if (error instanceof SlideFileError && !(await isReadable(sourcePath, signal))) return false
    throw error
  } finally {
    await slide.close()
  }
}

/** Whether OpenSlide reads pixels of a slide. */
async function isReadable(path: string, signal?: AbortSignal): Promise<boolean> {
  const slide = await openWithOpenSlide(path, signal).catch(() => null)
  if (!slide) return false
  const size = { width: 1, height: 1 }
  const read = slide.readLevel(0, { x: 0, y: 0 }, size, signal).then(
    () => true,
    () => false,
  )
  return read.finally(() => slide.close())
}

/** @throws SlideFileError when nobody opens the result */
export async function notBlank(paths: Paths, marked: readonly Rectangle[], signal?: AbortSignal): Promise<string[]> {
  const shown = (await shownByOurs(paths.resultPath, marked, signal)) || (await shownByOpenSlide(paths, marked, signal))
  return shown ? ['a region'] : []
}
