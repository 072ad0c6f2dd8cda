import { SlideFileError } from '../errors.ts'
import { Marker, segments } from '../jpeg.ts'
import { completeJpeg } from '../tiff/decode.ts'
import { decodeRgb, decodeSamples, type JpegHeader, readHeader, rgbToYuv } from '../turbojpeg.ts'
import type { Allocate, YuvPlanes } from '../yuv.ts'
import { fillGrey } from './planes.ts'
import type { StoredImage } from './stored-tiles.ts'

/**
 * Decodes a stored tile to where `target`'s planes begin. Tiles stored in the target's sampling keep their samples: no
 * colour conversion, no chroma resampling.
 * @param allocate gives memory for tiles that go through RGB
 * @throws SlideFileError `damaged`, also for a tile of another size than is stated
 */
export type DecodeTile = (tile: Buffer, target: YuvPlanes, allocate: Allocate) => void

/** What tiles begin with, up to and with the scan's header, and what that says. */
interface Head {
  stored: Buffer
  /** The same in a complete JPEG: with the shared tables, and Adobe's marker where it is needed. */
  complete: Buffer
  header: JpegHeader
}

/** All tiles of a slide begin with the same markers: those are looked into once. */
export function createTileDecoder(image: StoredImage): DecodeTile {
  let head: Head | undefined
  let memory = Buffer.alloc(0)
  const completed = (tile: Buffer, { stored, complete }: Head): Buffer => {
    const length = complete.length + tile.length - stored.length
    if (memory.length < length) memory = Buffer.allocUnsafeSlow(length * 2)
    if (!memory.subarray(0, complete.length).equals(complete)) complete.copy(memory)
    tile.copy(memory, complete.length, stored.length)
    return memory.subarray(0, length)
  }
  return (tile, target, allocate) => {
    if (!head?.stored.equals(tile.subarray(0, head.stored.length))) head = examine(image, tile)
    const { width, height, sampling, colorspace } = head.header
    const jpeg = completed(tile, head)
    const grey = colorspace === 'grey'
    if (grey) fillGrey(target, width, height)
    if (grey || (colorspace === 'ycbcr' && sampling === target.subsampling)) decodeSamples(jpeg, target, head.header)
    else rgbToYuv(decodeRgb(jpeg, allocate).data, width, height, target)
  }
}

function examine(image: StoredImage, tile: Buffer): Head {
  const jpeg = completeJpeg(image, tile)
  const header = readHeader(jpeg)
  if (header.width !== image.tileWidth || header.height !== image.tileHeight)
    throw new SlideFileError('damaged', 'A tile of the file differs from the size that is stated for it.')
  const scan = segments(tile).find(({ marker }) => marker === Marker.SOS)?.end ?? tile.length
  const complete = jpeg.subarray(0, jpeg.length - (tile.length - scan))
  return { stored: Buffer.from(tile.subarray(0, scan)), complete: Buffer.from(complete), header }
}
