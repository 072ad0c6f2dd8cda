import { SlideFileError } from '../../errors.ts'
import { frameSize, Marker, segments } from '../../jpeg.ts'
import type { StoredPicture } from '../../pictures.ts'
import type { ByteSource } from '../../slide.ts'
import type { Ifd } from '../../tiff/index.ts'
import type { Rectangle } from '../../tiff/region.ts'
import { Tag } from '../../tiff/tags.ts'

/**
 * A level stored as one JPEG whose restart markers cut it into segments of one MCU's height: each can be decoded alone.
 * Segments lie in rows; the last of a row and of the image are padded to whole MCUs.
 */
export interface RestartImage {
  width: number
  height: number
  /** Pixels that a segment covers. */
  segmentWidth: number
  segmentHeight: number
  /** Segments in a row. */
  across: number
  /** File position of each segment, and behind the last one. */
  starts: Float64Array
  /** The stream's beginning, up to and with SOS. */
  header: Buffer
  /** Where in `header` the frame header's height stands (2 bytes; the width follows). */
  heightAt: number
}

/** More than any scanner writes: tables for four components, Huffman tables for both classes, comments. */
const MAX_HEADER = 256 * 1024

/** Half of what JPEG can say, so that two of them make a picture. */
const MAX_SEGMENT_WIDTH = 32_768

interface StreamHeader {
  bytes: Buffer
  heightAt: number
  /** 0 where the image is wider or higher than JPEG can say. */
  width: number
  height: number
  mcuWidth: number
  mcuHeight: number
  /** MCUs from marker to marker, 0 without markers. */
  interval: number
}

/**
 * The beginning of a JPEG stream.
 * @throws SlideFileError `damaged`
 */
async function readStreamHeader(source: ByteSource, offset: number, length: number): Promise<StreamHeader> {
  const start = await source.read(offset, Math.min(length, MAX_HEADER))
  const found = segments(start)
  const last = found.at(-1)
  if (last?.marker !== Marker.SOS) throw damaged()
  const frame = found.find(({ marker }) => marker === Marker.SOF0 || marker === Marker.SOF1)
  if (!frame)
    throw new SlideFileError('unsupported', 'The slide is stored as progressive JPEG, which is not supported.')
  if (start[frame.start + 4] !== 8) {
    throw new SlideFileError('unsupported', 'The slide has more than 8 bits per colour, which is not supported.')
  }
  const { width, height, components } = frameSize(start)
  const factors = Array.from({ length: components }, (_, i) => start[frame.start + 11 + 3 * i] as number)
  // A single component is not interleaved: its MCU is one block, whatever its factors (T.81, A.2.2).
  const [h, v] =
    components === 1 ? [1, 1] : [Math.max(...factors.map(f => f >> 4)), Math.max(...factors.map(f => f & 15))]
  const restart = found.findLast(({ marker }) => marker === Marker.DRI)
  return {
    bytes: Buffer.from(start.subarray(0, last.end)),
    heightAt: frame.start + 5,
    width,
    height,
    mcuWidth: h * 8,
    mcuHeight: v * 8,
    interval: restart ? start.readUInt16BE(restart.start + 4) : 0,
  }
}

const damaged = () => new SlideFileError('damaged', 'A JPEG image in the file is damaged.')

/** A level's only strip. */
async function stripOf(ifd: Ifd, fileSize: number): Promise<{ offset: number; length: number }> {
  const [offset, length] = [await ifd.number(Tag.StripOffsets), await ifd.number(Tag.StripByteCounts)]
  const strips = ifd.entry(Tag.StripOffsets)?.count
  if (offset === undefined || length === undefined || strips !== 1) throw damaged()
  if (length < 25 || offset + length > fileSize) {
    throw new SlideFileError('damaged', 'The file ends before its last tile (incomplete or damaged).')
  }
  return { offset, length }
}

/**
 * The restart segments of a level, by the file's own list of them: low words in tag 65426, high words (for levels above
 * 4 GiB) in 65432, both relative to the strip. Nothing is guessed.
 * @returns null when the stream has no restart markers, the file no list of them, or the list does not fit the image
 * @throws SlideFileError `damaged`, `unsupported`
 */
export async function readRestartImage(ifd: Ifd, source: ByteSource): Promise<RestartImage | null> {
  const width = await ifd.number(Tag.ImageWidth, 0)
  const height = await ifd.number(Tag.ImageLength, 0)
  const { offset, length } = await stripOf(ifd, source.size)
  const stream = await readStreamHeader(source, offset, length)
  const { mcuWidth, mcuHeight, interval } = stream
  const columns = Math.ceil(width / mcuWidth)
  const low = await ifd.numbers(Tag.NdpiMcuStarts)
  if (interval === 0 || columns % interval !== 0 || interval * mcuWidth > MAX_SEGMENT_WIDTH || !low) return null
  if ((stream.width !== 0 && stream.width !== width) || (stream.height !== 0 && stream.height !== height)) return null
  const across = columns / interval
  const count = across * Math.ceil(height / mcuHeight)
  const high = await ifd.numbers(Tag.NdpiMcuStartsHigh)
  const starts = segmentStarts({ low, high, count, offset, length, first: stream.bytes.length })
  if (!starts) return null
  return {
    width,
    height,
    segmentWidth: interval * mcuWidth,
    segmentHeight: mcuHeight,
    across,
    starts,
    header: stream.bytes,
    heightAt: stream.heightAt,
  }
}

interface StartLists {
  low: Float64Array
  high: Float64Array | null
  count: number
  offset: number
  length: number
  /** Where the first segment must begin: behind the stream's header. */
  first: number
}

function segmentStarts({ low, high, count, offset, length, first }: StartLists): Float64Array | null {
  if (low.length !== count || (high && high.length !== count)) return null
  const starts = new Float64Array(count + 1)
  for (let i = 0; i < count; i++) {
    const start = ((low[i] as number) >>> 0) + (high ? ((high[i] as number) >>> 0) * 2 ** 32 : 0)
    // Even a segment of one grey MCU takes a byte, and its marker takes two.
    const least = i === 0 ? first : (starts[i - 1] as number) - offset + 3
    if (start < least || (i === 0 && start !== first) || start >= length) return null
    starts[i] = offset + start
  }
  starts[count] = offset + length
  return starts
}

/** Rows of pixels in one picture: small enough for a processor's cache. */
const PICTURE_ROWS = 256

/**
 * The part of the image that an area touches, as pictures cut from whole segments.
 * @param file number of the slide's file for {@link StoredPicture}
 */
export function restartPictures(image: RestartImage, area: Rectangle, file = 0): StoredPicture[] {
  const { width, height, segmentWidth, segmentHeight, across } = image
  const left = Math.max(0, Math.floor(area.x / segmentWidth))
  const right = Math.min(across, Math.ceil(Math.min(area.x + area.width, width) / segmentWidth))
  const bottom = Math.min(area.y + area.height, height)
  const rows = Math.max(1, Math.floor(PICTURE_ROWS / segmentHeight))
  const pictures: StoredPicture[] = []
  if (right <= left) return pictures
  for (let row = Math.max(0, Math.floor(area.y / segmentHeight)); row * segmentHeight < bottom; row += rows) {
    const behind = Math.min(row + rows, Math.ceil(bottom / segmentHeight))
    const place = {
      x: left * segmentWidth,
      y: row * segmentHeight,
      width: Math.min(right * segmentWidth, width) - left * segmentWidth,
      height: Math.min(behind * segmentHeight, height) - row * segmentHeight,
    }
    const ranges = segmentRanges(image, { left, right, row, behind })
    pictures.push({ ...place, file, ranges, header: headerFor(image, place) })
  }
  return pictures
}

function segmentRanges(
  { starts, across }: RestartImage,
  { left, right, row, behind }: { left: number; right: number; row: number; behind: number },
): Float64Array {
  const ranges = new Float64Array((behind - row) * (right - left) * 2)
  let at = 0
  for (let y = row; y < behind; y++) {
    for (let i = y * across + left; i < y * across + right; i++) {
      ranges[at++] = starts[i] as number
      ranges[at++] = (starts[i + 1] as number) - (starts[i] as number)
    }
  }
  return ranges
}

/** The stream's header for an image of another size. */
function headerFor({ header, heightAt }: RestartImage, { width, height }: Rectangle): Uint8Array {
  const bytes = Buffer.from(header)
  bytes.writeUInt16BE(height, heightAt)
  bytes.writeUInt16BE(width, heightAt + 2)
  return bytes
}
