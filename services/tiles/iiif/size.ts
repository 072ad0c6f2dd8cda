/** The size of an IIIF request: `max`, `w,`, `,h`, `pct:n`, `w,h`, `!w,h`, in version 3 with `^` where it may enlarge. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { fitted, largestSize, MAX_AREA, MAX_SIDE, type Size } from '../regions/picture.ts'
import { DECIMAL } from './region.ts'
import type { Version } from './version.ts'

const wrong = (why: string): ServiceError => new ServiceError('invalid', why)

/**
 * @param region the size of what is shown, in level-0 pixels
 * @throws ServiceError `invalid` for another form, for an empty picture, for one beyond the limits that info.json tells, and
 *   in version 3 for one that is larger than the region without `^`
 */
export function parseSize(text: string, region: Size, version: Version): Size {
  const upscale = version === 3 && text.startsWith('^')
  const form = upscale ? text.slice(1) : text
  if (form === 'max' || (form === 'full' && version === 2)) return largestSize(region)
  const size = sizeOf(form, region)
  if (size.width < 1 || size.height < 1) throw wrong('The picture would have no pixels')
  // Version 2 has no sign for it: whoever asks for more gets it. The validator wants `!w,h` to be refused, too.
  const larger = size.width > region.width || size.height > region.height
  if (version === 3 && !upscale && larger)
    throw wrong('The picture would be larger than the region; put ^ before the size')
  if (Math.max(size.width, size.height) > MAX_SIDE || size.width * size.height > MAX_AREA)
    throw wrong('The picture would be larger than the limits in info.json')
  return size
}

function sizeOf(form: string, region: Size): Size {
  if (form.startsWith('pct:')) {
    if (!DECIMAL.test(form.slice(4))) throw malformed()
    return scaled(region, Number(form.slice(4)) / 100)
  }
  const match = /^(!?)(\d{0,9}),(\d{0,9})$/.exec(form)
  const [, confined, width, height] = match ?? []
  if (!match || (!width && !height)) throw malformed()
  if (!width || !height) {
    if (confined) throw malformed()
    const factor = width ? Number(width) / region.width : Number(height) / region.height
    const other = scaled(region, factor)
    return width ? { ...other, width: Number(width) } : { ...other, height: Number(height) }
  }
  const size = { width: Number(width), height: Number(height) }
  return confined ? confinedTo(size, region) : size
}

const malformed = (): ServiceError => wrong('The size must be max, w, or ,h or pct:n or w,h or !w,h')

/** As large as possible within a box, and within the limits: there, too, the caller leaves it to the server. */
function confinedTo(box: Size, region: Size): Size {
  if (box.width < 1 || box.height < 1) throw malformed()
  const factor = Math.min(box.width / region.width, box.height / region.height)
  const size = fitted(region, factor)
  const limit = Math.min(MAX_SIDE / Math.max(size.width, size.height), Math.sqrt(MAX_AREA / (size.width * size.height)))
  return limit < 1 ? fitted(size, limit) : size
}

/** Rounded; a narrow picture keeps a pixel. */
function scaled({ width, height }: Size, factor: number): Size {
  const side = (pixels: number): number => (factor > 0 ? Math.max(1, Math.round(pixels * factor)) : 0)
  return { width: side(width), height: side(height) }
}
