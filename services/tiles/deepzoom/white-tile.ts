/** The tile that stands for one that the file leaves out: white, made once per size. */
import { encodeRgb } from '@coverslip/wsi/turbojpeg.ts'

/** Inner tiles have one size, edge tiles of a slide three others. */
const MAX_SIZES = 1000
const made = new Map<string, Buffer>()

/** A white JPEG; who asks for a size again gets the same bytes. */
export function whiteTile(width: number, height: number): Buffer {
  const key = `${width}x${height}`
  let tile = made.get(key)
  if (!tile) {
    if (made.size >= MAX_SIZES) made.clear()
    tile = encodeRgb(new Uint8Array(width * height * 3).fill(255), width, height)
    made.set(key, tile)
  }
  return tile
}
