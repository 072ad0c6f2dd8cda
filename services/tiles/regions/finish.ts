/** A canvas becomes the picture that was asked for: size, mirror, rotation, colours, coding, in IIIF's order. */
import { encodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import sharp, { type Sharp } from 'sharp'
import { type Format, QUALITY } from '../formats.ts'
import { enlarge } from './enlarge.ts'
import type { Job } from './job.ts'
import type { Size } from './picture.ts'
import { profiledTiff } from './profiled-tiff.ts'

/** AVIF takes seconds at higher efforts. */
const AVIF = { quality: 55, effort: 1 }
/** Level 6, the usual one, takes four times as long for a tenth less. */
const PNG = { compressionLevel: 2 }

const TRANSPARENT = { r: 255, g: 255, b: 255, alpha: 0 }

/** @param canvas interleaved RGB of `size` */
export async function finish(
  canvas: Uint8Array,
  size: Size,
  job: Pick<Job, 'picture' | 'profile'>,
): Promise<Uint8Array> {
  const { picture, profile } = job
  const same = size.width === picture.size.width && size.height === picture.size.height
  if (isPlainJpeg(job)) {
    const pixels = same ? canvas : await resized(canvas, size, picture.size)
    return encodeRgb(pixels, picture.size.width, picture.size.height, { quality: QUALITY })
  }
  const pixels = same ? canvas : await resized(canvas, size, picture.size)
  const input = profile
    ? sharp(profiledTiff(pixels, picture.size.width, picture.size.height, profile))
    : fromPixels(pixels, picture.size)
  return coded(coloured(turned(input, picture), picture), picture.format).toBuffer()
}

/** Whether the picture is a JPEG of the pixels as they are. */
export const isPlainJpeg = ({ picture, profile }: Pick<Job, 'picture' | 'profile'>): boolean =>
  picture.format === 'jpeg' && picture.quality === 'colour' && !picture.mirror && picture.rotation === 0 && !profile

const fromPixels = (data: Uint8Array, { width, height }: Size): Sharp =>
  sharp(data, { raw: { width, height, channels: 3 } })

/** By averaging: libvips shrinks by whole factors and takes Lanczos 3 for the rest; what grows does so thereafter. */
async function resized(canvas: Uint8Array, from: Size, to: Size): Promise<Uint8Array> {
  const width = Math.min(from.width, to.width)
  const height = Math.min(from.height, to.height)
  const shrinks = width < from.width || height < from.height
  const shrunk = shrinks
    ? await fromPixels(canvas, from).resize(width, height, { fit: 'fill' }).raw().toBuffer()
    : canvas
  return enlarge(shrunk, { width, height }, to)
}

function turned(image: Sharp, { mirror, rotation, format, icc }: Job['picture']): Sharp {
  const kept = icc === 'embed' ? image.keepIccProfile() : image
  const mirrored = mirror ? kept.flop() : kept
  if (rotation % 360 === 0) return mirrored
  if (rotation % 90 === 0) return mirrored.rotate(rotation)
  return mirrored.rotate(rotation, { background: { ...TRANSPARENT, alpha: format === 'jpeg' ? 1 : 0 } })
}

function coloured(image: Sharp, { quality }: Job['picture']): Sharp {
  if (quality === 'colour') return image
  return (quality === 'grey' ? image.greyscale() : image.threshold(128)).toColourspace('b-w')
}

function coded(image: Sharp, format: Format): Sharp {
  if (format === 'jpeg') return image.jpeg({ quality: QUALITY })
  if (format === 'webp') return image.webp({ quality: QUALITY, effort: 2 })
  return format === 'png' ? image.png(PNG) : image.avif(AVIF)
}
