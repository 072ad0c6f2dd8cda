/** An IIIF image request: its four segments to a picture, and back to their canonical form. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Format } from '../formats.ts'
import { largestSize, type Picture, type Size } from '../regions/picture.ts'
import { NotImplementedError } from './errors.ts'
import { DECIMAL, parseRegion } from './region.ts'
import { parseSize } from './size.ts'
import type { Version } from './version.ts'

/** The path behind the identifier. */
export interface Segments {
  region: string
  size: string
  rotation: string
  quality: string
  format: string
}

const FORMATS: Readonly<Record<string, Format>> = { jpg: 'jpeg', png: 'png', webp: 'webp', avif: 'avif' }
/** IIIF names them, too. */
const OTHER_FORMATS = new Set(['tif', 'gif', 'jp2', 'pdf'])

const QUALITIES: Readonly<Record<string, Picture['quality']>> = {
  default: 'colour',
  color: 'colour',
  gray: 'grey',
  bitonal: 'bitonal',
}

/**
 * @param image level-0 pixels of the slide
 * @throws ServiceError `invalid`; NotImplementedError for a format of IIIF's that is not made here
 */
export function parseRequest(segments: Segments, image: Size, version: Version): Picture {
  const region = parseRegion(segments.region, image)
  return {
    region,
    size: parseSize(segments.size, region, version),
    ...parseRotation(segments.rotation),
    quality: parseQuality(segments.quality),
    format: parseFormat(segments.format),
    icc: 'ignore',
  }
}

function parseRotation(text: string): Pick<Picture, 'mirror' | 'rotation'> {
  const mirror = text.startsWith('!')
  const degrees = mirror ? text.slice(1) : text
  if (!DECIMAL.test(degrees) || Number(degrees) > 360)
    throw new ServiceError('invalid', 'The rotation must be 0 to 360 degrees, with ! before it for a mirrored image')
  return { mirror, rotation: Number(degrees) % 360 }
}

function parseQuality(text: string): Picture['quality'] {
  if (!Object.hasOwn(QUALITIES, text))
    throw new ServiceError('invalid', 'The quality must be default, color, gray or bitonal')
  return QUALITIES[text]!
}

function parseFormat(text: string): Format {
  if (Object.hasOwn(FORMATS, text)) return FORMATS[text]!
  if (OTHER_FORMATS.has(text)) throw new NotImplementedError('Images are made as jpg, png, webp and avif')
  throw new ServiceError('invalid', 'The format must be jpg, png, webp or avif')
}

/** The one form among the many that ask for the same picture (3.0, section 4.7; 2.1, section 4.7). */
export function canonical(picture: Picture, image: Size, version: Version): string {
  const { region, size, quality, format } = picture
  const full = region.width === image.width && region.height === image.height
  const where = full ? 'full' : `${region.x},${region.y},${region.width},${region.height}`
  const colours = quality === 'colour' ? 'default' : quality === 'grey' ? 'gray' : 'bitonal'
  const turned = `${picture.mirror ? '!' : ''}${picture.rotation}`
  return `${where}/${canonicalSize(size, region, version)}/${turned}/${colours}.${format === 'jpeg' ? 'jpg' : format}`
}

function canonicalSize(size: Size, region: Size, version: Version): string {
  const largest = largestSize(region)
  if (size.width === largest.width && size.height === largest.height) return version === 3 ? 'max' : 'full'
  if (version === 3) {
    const enlarged = size.width > region.width || size.height > region.height
    return `${enlarged ? '^' : ''}${size.width},${size.height}`
  }
  const inProportion = Math.max(1, Math.round((region.height * size.width) / region.width)) === size.height
  return inProportion ? `${size.width},` : `${size.width},${size.height}`
}
