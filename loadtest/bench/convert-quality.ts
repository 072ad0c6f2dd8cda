/** How near two pyramids of one slide are to it at level 0, and to each other, on the same windows. */
import { openFile } from '@coverslip/wsi/byte-source.ts'
import type { Picture } from '@coverslip/wsi/convert/measure.ts'
import { type Nearness, nearness } from '@coverslip/wsi/convert/metrics.ts'
import { openSlide } from '@coverslip/wsi/open.ts'
import { readImage } from '@coverslip/wsi/tiff/image.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { createRegionReader, type Rectangle } from '@coverslip/wsi/tiff/region.ts'

export interface Comparison {
  ours: Nearness
  theirs: Nearness
  /** Ours beside theirs. */
  between: Nearness
}

const WINDOW = 512

interface Level0 {
  picture(place: Rectangle): Promise<Picture>
  /** Stored bytes of the tiles, in rows. */
  counts: ArrayLike<number>
  across: number
  tile: number
  width: number
  height: number
  close(): Promise<void>
}

async function level0(path: string): Promise<Level0> {
  const source = await openFile(path)
  const [first] = (await readTiff(source)).ifds as [Ifd]
  const image = await readImage(first, source.size)
  const read = createRegionReader(source, image)
  const { counts, across, tileWidth: tile, width, height } = image
  const picture = async (place: Rectangle) => ({ width: place.width, height: place.height, data: await read(place) })
  return { picture, counts, across, tile, width, height, close: () => source.close() }
}

export async function comparePyramids(slidePath: string, ourPath: string, theirPath: string): Promise<Comparison> {
  const [slide, ours, theirs] = await Promise.all([openSlide(slidePath), level0(ourPath), level0(theirPath)])
  const found: Comparison[] = []
  for (const place of windows(ours)) {
    const { x, y, width, height } = place
    const source = { width, height, data: await slide.readRegion(x, y, width, height) }
    const [mine, other] = [await ours.picture(place), await theirs.picture(place)]
    const between = nearness(other, mine)
    found.push({ ours: nearness(source, mine), theirs: nearness(source, other), between })
  }
  await Promise.all([slide.close(), ours.close(), theirs.close()])
  return { ours: mean(found, 'ours'), theirs: mean(found, 'theirs'), between: mean(found, 'between') }
}

/** Around the tiles that take most bytes, and those at the upper quartile, the median and the lower quartile. */
function windows({ counts, across, tile, width, height }: Level0): Rectangle[] {
  const bySize = Array.from(counts, (count, i) => ({ count, i })).sort((a, b) => b.count - a.count || a.i - b.i)
  const size = { width: Math.min(WINDOW, width), height: Math.min(WINDOW, height) }
  return [0, 1 / 4, 1 / 2, 3 / 4].map(share => {
    const { i } = bySize[Math.floor(share * (bySize.length - 1))] as { i: number }
    const x = Math.min((i % across) * tile, width - size.width)
    const y = Math.min(Math.floor(i / across) * tile, height - size.height)
    return { x, y, ...size }
  })
}

function mean(found: Comparison[], key: keyof Comparison): Nearness {
  const average = (of: (near: Nearness) => number) => found.reduce((sum, f) => sum + of(f[key]), 0) / found.length
  return { psnr: average(near => near.psnr), ssim: average(near => near.ssim) }
}
