import { SlideFileError } from './errors.ts'
import type { SlideReader } from './slide.ts'
import type { Rectangle } from './tiff/region.ts'
import { decodeRgb } from './turbojpeg.ts'
import type { Allocate } from './yuv.ts'

/**
 * A JPEG picture that is a piece of level 0, as plain data: any thread can read and decode it by itself.
 */
export interface StoredPicture extends Rectangle {
  /** Which of the slide's files its bytes lie in. */
  file: number
  /** Where they lie: offset, length, offset, length, … */
  ranges: Float64Array
  /**
   * Null where the range is a whole JPEG. Else the stream's beginning up to and with SOS, for this picture's size; each
   * range is then one restart segment with the marker that ends it.
   */
  header: Uint8Array | null
}

/** A slide whose level 0 consists of JPEG pictures that may overlap and need not fill it: what they leave is white. */
export interface PictureSlideReader extends SlideReader {
  readonly pictures: {
    /** Paths of the slide's files. */
    readonly files: readonly string[]
    /** The pictures that show something of an area, in the order in which they are painted over each other. */
    inside(area: Rectangle): StoredPicture[]
  }
}

/** Whether level 0 of `reader` can be taken as the stored pictures that it consists of. */
export const isPictureSlide = (reader: SlideReader): reader is PictureSlideReader => 'pictures' in reader

/** Ranges that lie this near to each other are read at once, up to so many bytes. */
const GAP = 16 * 1024
const RUN = 4 * 1024 * 1024

/** Reads that bring all ranges, each with the ranges it brings: `[offset, length, first range, behind the last]`. */
export function readsOf(ranges: Float64Array): [number, number, number, number][] {
  const reads: [number, number, number, number][] = []
  for (let i = 0; i < ranges.length; i += 2) {
    const [offset, length] = [ranges[i] as number, ranges[i + 1] as number]
    const last = reads.at(-1)
    const end = last ? last[0] + last[1] : 0
    if (last && offset >= end && offset - end <= GAP && offset + length - last[0] <= RUN) {
      last[1] = offset + length - last[0]
      last[3] = i / 2 + 1
    } else {
      reads.push([offset, length, i / 2, i / 2 + 1])
    }
  }
  return reads
}

const damaged = () => new SlideFileError('damaged', 'A JPEG image in the file is damaged.')

/**
 * The complete JPEG of a picture.
 * @param bytes what each of `readsOf(picture.ranges)` brought
 * @throws SlideFileError `damaged` when a restart segment does not end where it is said to
 */
export function completePicture(picture: StoredPicture, bytes: readonly Buffer[]): Buffer {
  const { ranges, header } = picture
  if (!header) return bytes[0] as Buffer
  const reads = readsOf(ranges)
  const total = ranges.reduce((sum, value, i) => (i % 2 === 1 ? sum + value : sum), header.length)
  const jpeg = Buffer.allocUnsafe(total)
  jpeg.set(header)
  let at = header.length
  for (const [i, [start, , first, behind]] of reads.entries()) {
    for (let n = first; n < behind; n++) {
      const from = (ranges[n * 2] as number) - start
      const segment = (bytes[i] as Buffer).subarray(from, from + (ranges[n * 2 + 1] as number))
      jpeg.set(segment, at)
      at = endSegment(jpeg, at, at + segment.length, n)
    }
  }
  jpeg[at - 1] = 0xd9
  return jpeg.subarray(0, at)
}

/**
 * Numbers the marker that ends a segment as the n-th of its picture. Entropy-coded bytes never contain such a pair, so
 * finding it proves that the segment ends here; only the stream's last one may have something behind its EOI.
 * @returns the position behind the marker
 */
function endSegment(jpeg: Buffer, start: number, end: number, n: number): number {
  const isMarker = (at: number) => jpeg[at] === 0xff && ((jpeg[at + 1] as number) & 0xf8) === 0xd0
  let marker = end - 2
  if (marker < start || (!isMarker(marker) && !(jpeg[marker] === 0xff && jpeg[marker + 1] === 0xd9))) {
    marker = jpeg.subarray(0, end).indexOf(EOI, start)
    if (marker < 0) throw damaged()
  }
  jpeg[marker + 1] = 0xd0 + (n & 7)
  return marker + 2
}

const EOI = Buffer.from([0xff, 0xd9])

/** Bytes of one of the slide's files, at once: for worker threads. */
export type ReadNow = (file: number, offset: number, length: number) => Buffer

/** A picture's JPEG, read at once. @throws SlideFileError `damaged` */
export const readPicture = (picture: StoredPicture, read: ReadNow): Buffer =>
  completePicture(
    picture,
    readsOf(picture.ranges).map(([offset, length]) => read(picture.file, offset, length)),
  )

/**
 * Decodes a picture and copies what lies inside `window` to `target`, its interleaved RGB pixels.
 * @throws SlideFileError `damaged` also when the JPEG has another size than is stated
 */
export function paintRgb(
  jpeg: Buffer,
  picture: Rectangle,
  window: Rectangle,
  target: Uint8Array,
  allocate?: Allocate,
): void {
  const { width, height, data } = decodeRgb(jpeg, allocate)
  if (width !== picture.width || height !== picture.height) throw damaged()
  const left = Math.max(picture.x, window.x)
  const right = Math.min(picture.x + width, window.x + window.width)
  const top = Math.max(picture.y, window.y)
  const bottom = Math.min(picture.y + height, window.y + window.height)
  if (right <= left) return
  for (let y = top; y < bottom; y++) {
    const from = ((y - picture.y) * width + left - picture.x) * 3
    const row = data.subarray(from, from + (right - left) * 3)
    target.set(row, ((y - window.y) * window.width + left - window.x) * 3)
  }
}
