/** The whole slide within a square: the smallest level that is large enough, put together and reduced. */
import { decodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import sharp from 'sharp'
import type { PyramidFile, PyramidLevel } from './pyramid-file.ts'
import { readWholeTile } from './tile.ts'

const QUALITY = 80

/** A JPEG of at most `max` x `max` pixels with the slide's proportions; never enlarged. */
export async function readThumbnail(pyramid: PyramidFile, max: number): Promise<Buffer> {
  const level = pyramid.levels.findLast(({ width, height }) => Math.max(width, height) >= max) ?? pyramid.levels[0]!
  const picture = await readLevel(pyramid, level)
  return sharp(picture, { raw: { width: level.width, height: level.height, channels: 3 } })
    .resize(max, max, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .toBuffer()
}

/** All pixels of a level as interleaved RGB; for small levels. */
async function readLevel(pyramid: PyramidFile, level: PyramidLevel): Promise<Uint8Array> {
  const { tileSize } = pyramid
  const picture = new Uint8Array(level.width * level.height * 3)
  for (let row = 0; row < level.rows; row += 1) {
    const tiles = await Promise.all(
      Array.from({ length: level.columns }, (_, column) => readWholeTile(pyramid, level, column, row)),
    )
    for (const [column, jpeg] of tiles.entries()) {
      const { data } = decodeRgb(jpeg)
      const width = Math.min(tileSize, level.width - column * tileSize)
      const height = Math.min(tileSize, level.height - row * tileSize)
      for (let y = 0; y < height; y += 1) {
        const from = y * tileSize * 3
        const to = ((row * tileSize + y) * level.width + column * tileSize) * 3
        picture.set(data.subarray(from, from + width * 3), to)
      }
    }
  }
  return picture
}
