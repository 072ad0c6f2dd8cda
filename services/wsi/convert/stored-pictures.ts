import { openSync, readSync } from 'node:fs'
import { SlideFileError } from '../errors.ts'
import { type ReadNow, readPicture, type StoredPicture } from '../pictures.ts'
import type { Rectangle } from '../tiff/region.ts'
import { decodeRgb, decodeYuvInto, type JpegHeader, readHeader, rgbToYuv } from '../turbojpeg.ts'
import { decodePlanes, type Plane } from '../turbojpeg-planes.ts'
import { allocateYuv, chromaShift, type YuvPlanes } from '../yuv.ts'
import { allocatePadded, type Scratch } from './block.ts'
import { type BlockDecoder, tilesOf } from './decoder.ts'
import { type Canvas, pastePlanes } from './paste-planes.ts'
import { fillWhite, from } from './planes.ts'

/** What a worker knows of a slide that consists of JPEG pictures (pictures.ts). */
export interface PictureFiles {
  files: readonly string[]
}

/** Decodes the pictures of a block and pastes them where they lie; what none of them shows is white. */
export function createDecoder({ files }: PictureFiles): BlockDecoder<StoredPicture[]> {
  const read = reader(files)
  return {
    decode: (block, pictures, { tileSize, subsampling, scratch }) => {
      const planes = allocatePadded(block.width, block.height, tileSize, subsampling, scratch('pixels'))
      fillWhite(planes)
      const canvas = { area: block, planes }
      for (const picture of pictures) paintPicture(readPicture(picture, read), picture, canvas, scratch)
      return tilesOf(planes, tileSize)
    },
  }
}

function reader(files: readonly string[]): ReadNow {
  const open: number[] = []
  return (file, offset, length) => {
    open[file] ??= openSync(files[file] as string, 'r')
    const buffer = Buffer.allocUnsafe(length)
    for (let done = 0; done < length; ) {
      const count = readSync(open[file], buffer, done, length - done, offset + done)
      if (count === 0)
        throw new SlideFileError('damaged', 'The file ends before its last tile (incomplete or damaged).')
      done += count
    }
    return buffer
  }
}

function paintPicture(jpeg: Buffer, picture: Rectangle, canvas: Canvas, scratch: Scratch): void {
  const header = readHeader(jpeg)
  if (header.width !== picture.width || header.height !== picture.height)
    throw new SlideFileError('damaged', 'A JPEG image in the file differs from the size that is stated.')
  const { area, planes } = canvas
  if (fits(header, picture, canvas)) {
    const target = from(planes, picture.x - area.x, picture.y - area.y)
    decodeYuvInto(jpeg, target, picture.width, picture.height)
    return
  }
  const wantsAll = chromaShift(planes.subsampling) === 0 && header.sampling !== '4:4:4' && header.colorspace !== 'grey'
  const components = wantsAll ? null : decodePlanes(jpeg, header, scratch('picture'))
  pastePlanes(components ?? throughRgb(jpeg, header, planes, scratch), picture, canvas)
}

/** Whether a picture's samples are samples of the canvas, so that it can be decoded to its place. */
function fits({ sampling, colorspace }: JpegHeader, picture: Rectangle, { area, planes }: Canvas): boolean {
  const [left, top] = [picture.x - area.x, picture.y - area.y]
  const inside = left >= 0 && top >= 0 && left + picture.width <= area.width && top + picture.height <= area.height
  const even = (left | top | picture.width | picture.height) % 2 === 0
  return colorspace === 'ycbcr' && sampling === planes.subsampling && inside && even
}

/** The components of a picture in other colours or sampling, converted to those of the canvas. */
function throughRgb(jpeg: Buffer, { width, height }: JpegHeader, canvas: YuvPlanes, scratch: Scratch): Plane[] {
  const { subsampling } = canvas
  const step = chromaShift(subsampling) === 1 ? 2 : 1
  const { y, u, v, yStride, uvStride } = allocateYuv(width, height, subsampling, scratch('picture'))
  rgbToYuv(decodeRgb(jpeg, scratch('rgb')).data, width, height, { subsampling, y, u, v, yStride, uvStride })
  const chroma = { stride: uvStride, stepX: step, stepY: step } as const
  return [
    { data: y, stride: yStride, stepX: 1, stepY: 1 },
    { data: u, ...chroma },
    { data: v, ...chroma },
  ]
}
