/** A rectangle of a slide at any magnification, from the level that has just enough pixels for it. */
import sharp from 'sharp'
import type { Rectangle } from '../../files.ts'
import type { Picture, SlidePictures } from './slide-pictures.ts'

/** Pixels that are read at once. */
const BAND_PIXELS = 8 * 1024 * 1024

/**
 * @param rectangle level-0 pixels; what lies outside of the slide is cut off
 * @param size longest side of the picture; never more than the slide has
 */
export async function renderRegion(
  slide: SlidePictures,
  rectangle: Rectangle,
  size: number,
  signal?: AbortSignal,
): Promise<Picture> {
  const [level0] = slide.levels
  const x = Math.min(rectangle.x, level0!.width - 1)
  const y = Math.min(rectangle.y, level0!.height - 1)
  const width = Math.min(rectangle.width, level0!.width - x)
  const height = Math.min(rectangle.height, level0!.height - y)
  const shrink = Math.max(1, Math.max(width, height) / size)
  const index = levelFor(slide, shrink)
  const { downsample, ...level } = slide.levels[index]!
  const left = Math.min(Math.floor(x / downsample), level.width - 1)
  const top = Math.min(Math.floor(y / downsample), level.height - 1)
  const part = {
    x: left,
    y: top,
    width: Math.max(1, Math.min(Math.round(width / downsample), level.width - left)),
    height: Math.max(1, Math.min(Math.round(height / downsample), level.height - top)),
  }
  const reduced = await readReduced(slide, index, part, Math.max(1, Math.floor(shrink / downsample)), signal)
  const target = { width: Math.max(1, Math.round(width / shrink)), height: Math.max(1, Math.round(height / shrink)) }
  return resize(reduced, target)
}

/** The smallest level that has a pixel for each of the picture's; a seventh fewer along a side are not missed. */
function levelFor({ levels }: SlidePictures, shrink: number): number {
  const enough = levels.flatMap(({ downsample }, i) => (downsample <= shrink * 1.15 ? [i] : []))
  return enough.at(-1) ?? 0
}

/** Reads in bands, each averaged by a whole factor at once: a slide of one level takes time, not memory. */
async function readReduced(
  slide: SlidePictures,
  level: number,
  part: Rectangle,
  factor: number,
  signal?: AbortSignal,
): Promise<Picture> {
  const rows = Math.max(1, Math.floor(BAND_PIXELS / part.width / factor)) * factor
  const bands: Buffer[] = []
  let height = 0
  for (let top = 0; top < part.height; top += rows) {
    signal?.throwIfAborted()
    const band = { ...part, y: part.y + top, height: Math.min(rows, part.height - top) }
    const reduced = averaged({ ...band, data: await slide.readLevel(level, band, signal) }, factor)
    bands.push(reduced.data)
    height += reduced.height
  }
  return { width: Math.ceil(part.width / factor), height, data: Buffer.concat(bands) }
}

/** The mean of each square of `factor` pixels; squares at the right and the bottom may be smaller. */
export function averaged({ width, height, data }: Picture, factor: number): Picture {
  if (factor === 1) return { width, height, data }
  const [across, down] = [Math.ceil(width / factor), Math.ceil(height / factor)]
  const output = Buffer.allocUnsafe(across * down * 3)
  const sums = new Float64Array(across * 3)
  for (let row = 0; row < down; row++) {
    sums.fill(0)
    const [y0, y1] = [row * factor, Math.min((row + 1) * factor, height)]
    for (let y = y0; y < y1; y++) addRow(sums, data, y * width * 3, width, factor)
    for (let column = 0; column < across; column++) {
      const count = (y1 - y0) * (Math.min((column + 1) * factor, width) - column * factor)
      for (let c = 0; c < 3; c++) output[(row * across + column) * 3 + c] = Math.round(sums[column * 3 + c]! / count)
    }
  }
  return { width: across, height: down, data: output }
}

function addRow(sums: Float64Array, data: Buffer, start: number, width: number, factor: number): void {
  for (let x = 0, column = 0, left = factor; x < width; x++) {
    const from = start + x * 3
    sums[column] = sums[column]! + data[from]!
    sums[column + 1] = sums[column + 1]! + data[from + 1]!
    sums[column + 2] = sums[column + 2]! + data[from + 2]!
    left -= 1
    if (left === 0) {
      column += 3
      left = factor
    }
  }
}

const rawOf = ({ data, width, height }: Picture) => sharp(data, { raw: { width, height, channels: 3 } })

async function resize(picture: Picture, { width, height }: { width: number; height: number }): Promise<Picture> {
  if (picture.width === width && picture.height === height) return picture
  const data = await rawOf(picture).resize(width, height, { fit: 'fill' }).raw().toBuffer()
  return { width, height, data }
}

/** @param size longest side at most */
export const toJpeg = (picture: Picture, size = 4096): Promise<Buffer> =>
  rawOf(picture)
    .resize(size, size, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 85, chromaSubsampling: '4:4:4' })
    .toBuffer()
