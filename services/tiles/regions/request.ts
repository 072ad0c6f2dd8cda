/** A request for a region, in this service's own words, to a picture. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { isFormat } from '../formats.ts'
import { fitted, largestSize, MAX_AREA, MAX_SIDE, type Picture, type Size } from './picture.ts'

/** As the route's schema parses it. */
export interface RegionQuery {
  x: number
  y: number
  width?: number | undefined
  height?: number | undefined
  size?: string | undefined
  rotation: number
  mirror: boolean
  quality: Picture['quality']
  icc: Picture['icc']
}

/**
 * @param slide level-0 pixels
 * @throws ServiceError `not-found` for another format, `invalid` for a region outside the slide and a size beyond the limits
 */
export function pictureOf(query: RegionQuery, format: string, slide: Size): Picture {
  const { x, y, rotation, mirror, quality, icc } = query
  if (!isFormat(format)) throw new ServiceError('not-found', 'Pictures are made as jpeg, webp, png and avif')
  const region = {
    x,
    y,
    width: Math.min(query.width ?? slide.width, slide.width - x),
    height: Math.min(query.height ?? slide.height, slide.height - y),
  }
  if (region.width <= 0 || region.height <= 0) throw new ServiceError('invalid', 'The region is outside the slide')
  return { region, size: sizeOf(query.size, region), rotation: rotation % 360, mirror, quality, format, icc }
}

function sizeOf(text: string | undefined, region: Size): Size {
  if (text === undefined) return largestSize(region)
  const [first, second] = text.split(',').map(Number) as [number, number | undefined]
  const size =
    second === undefined
      ? fitted(region, first / Math.max(region.width, region.height))
      : { width: first, height: second }
  if (Math.max(size.width, size.height) <= MAX_SIDE && size.width * size.height <= MAX_AREA) return size
  throw new ServiceError('invalid', `A picture has at most ${MAX_SIDE} pixels a side, and ${MAX_AREA} in all`)
}
