/** The region of an IIIF request: `full`, `square`, `x,y,w,h`, `pct:x,y,w,h`. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Rectangle, Size } from '../regions/picture.ts'

const WHOLE = /^\d{1,9}$/
/** No sign, no exponent: `10`, `10.5`, `.5`. */
export const DECIMAL = /^(?:\d{1,9}(?:\.\d*)?|\.\d+)$/

const wrong = (): ServiceError =>
  new ServiceError('invalid', 'The region must be full, square, x,y,w,h or pct:x,y,w,h, and inside the image')

/**
 * @returns whole level-0 pixels, cut at the image's edges
 * @throws ServiceError `invalid` for another form, an empty region and one that is wholly outside
 */
export function parseRegion(text: string, image: Size): Rectangle {
  if (text === 'full') return { x: 0, y: 0, ...sizeOf(image) }
  if (text === 'square') return squareOf(image)
  const percent = text.startsWith('pct:')
  const parts = (percent ? text.slice(4) : text).split(',')
  if (parts.length !== 4 || !parts.every(part => (percent ? DECIMAL : WHOLE).test(part))) throw wrong()
  const [x, y, width, height] = parts.map(Number) as [number, number, number, number]
  const share = (value: number, of: number): number => (percent ? Math.round((value / 100) * of) : value)
  const left = share(x, image.width)
  const top = share(y, image.height)
  // A share of less than a pixel still shows one.
  const least = percent && width > 0 && height > 0 ? 1 : 0
  const region = {
    x: left,
    y: top,
    width: Math.min(Math.max(share(width, image.width), least), image.width - left),
    height: Math.min(Math.max(share(height, image.height), least), image.height - top),
  }
  if (region.width <= 0 || region.height <= 0) throw wrong()
  return region
}

const sizeOf = ({ width, height }: Size): Size => ({ width, height })

/** In the middle, as IIIF suggests. */
function squareOf({ width, height }: Size): Rectangle {
  const side = Math.min(width, height)
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), width: side, height: side }
}
