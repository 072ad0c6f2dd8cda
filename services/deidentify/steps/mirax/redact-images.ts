import { blankJpeg } from '@coverslip/wsi/blank-jpeg.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { nominalPositions, photographs, storedPositions } from '@coverslip/wsi/formats/mirax/positions.ts'
import { textOf, wholeNumber } from '@coverslip/wsi/formats/mirax/slidedat.ts'
import type { Rectangle } from '@coverslip/wsi/tiff/region.ts'
import { type Patch, type Taken, take } from '../../procedure/draft.ts'
import type { ImagePlace, MiraxDraft, MiraxStep } from '../../procedure/mirax/draft.ts'
import { onTile } from '../../procedure/regions.ts'
import { POSITIONS } from './records.ts'

/** What of a place is marked, as shares of its sides. */
interface Marked {
  column: number
  row: number
  parts: Rectangle[]
}

/** Upper left corners of the photographs, in pixels of the finest level. */
async function positionsOf({ records, data, geometry }: MiraxDraft): Promise<Int32Array> {
  const [record] = records
  if (!record?.place) return nominalPositions(geometry)
  const { file, offset, length } = record.place
  const compressed = POSITIONS.get(record.layer)?.compressed === true
  return storedPositions(geometry, await data[file]!.read(offset, length), compressed)
}

/**
 * The places that regions touch. Photographs overlap: whatever one shows of a region is marked, be it on top or not.
 * @param regions in level-0 pixels
 */
async function markedPlaces(draft: MiraxDraft, regions: readonly Rectangle[]): Promise<Marked[]> {
  const { imagesAcross, imagesDown, divisions, concat, imageWidth, imageHeight } = draft.geometry
  const positions = await positionsOf(draft)
  const { across } = photographs(draft.geometry)
  // A pixel more on each side: nominal positions are rounded.
  const finest = regions.map(({ x, y, width, height }) => ({
    x: (x - 1) * concat,
    y: (y - 1) * concat,
    width: (width + 2) * concat,
    height: (height + 2) * concat,
  }))
  const found: Marked[] = []
  for (let place = 0; place < imagesAcross * imagesDown; place++) {
    const [column, row] = [place % imagesAcross, Math.floor(place / imagesAcross)]
    const [photoColumn, photoRow] = [Math.floor(column / divisions), Math.floor(row / divisions)]
    const photo = (photoRow * across + photoColumn) * 2
    const [left, top] = [positions[photo], positions[photo + 1]]
    if (photoColumn >= across || left === undefined || top === undefined) continue
    // A photograph that was not taken has no position: only the first one can lie at (0, 0).
    if (left === 0 && top === 0 && photo > 0) continue
    const image = {
      x: left + imageWidth * (column - photoColumn * divisions),
      y: top + imageHeight * (row - photoRow * divisions),
      width: imageWidth,
      height: imageHeight,
    }
    const parts = onTile(finest, image).map(({ x, y, width, height }) => ({
      x: x / imageWidth,
      y: y / imageHeight,
      width: width / imageWidth,
      height: height / imageHeight,
    }))
    if (parts.length > 0) found.push({ column, row, parts })
  }
  return found
}

/** Places along a side of a level's images, and the images' pixels. */
function imagesOfLevels({ slidedat, levels }: MiraxDraft): { concat: number; width: number; height: number }[] {
  let exponent = 0
  return levels.map((_, k) => {
    const section = textOf(slidedat, 'HIERARCHICAL', `HIER_0_VAL_${k}_SECTION`)
    exponent += wholeNumber(slidedat, section, 'IMAGE_CONCAT_FACTOR', { min: 0, max: 24 })
    const side = (key: string) => wholeNumber(slidedat, section, key, { min: 1, max: 8192 })
    return { concat: 2 ** exponent, width: side('DIGITIZER_WIDTH'), height: side('DIGITIZER_HEIGHT') }
  })
}

/** What is marked of a level's images, by the place of the image and in its pixels, a pixel more on each side. */
function onImages(
  marked: readonly Marked[],
  { concat, width, height }: { concat: number; width: number; height: number },
  imagesAcross: number,
): Map<number, Rectangle[]> {
  const blanks = new Map<number, Rectangle[]>()
  const [placeWidth, placeHeight] = [width / concat, height / concat]
  for (const { column, row, parts } of marked) {
    const [left, top] = [column % concat, row % concat]
    const image = (row - top) * imagesAcross + column - left
    const rectangles = parts.map(part => {
      const x = Math.max(0, Math.floor((left + part.x) * placeWidth) - 1)
      const y = Math.max(0, Math.floor((top + part.y) * placeHeight) - 1)
      const right = Math.min(width, Math.ceil((left + part.x + part.width) * placeWidth) + 1)
      const bottom = Math.min(height, Math.ceil((top + part.y + part.height) * placeHeight) + 1)
      return { x, y, width: right - x, height: bottom - y }
    })
    blanks.set(image, [...(blanks.get(image) ?? []), ...rectangles])
  }
  return blanks
}

/** Positions in Index.dat have 31 bits. */
const MAX_OFFSET = 2 ** 31 - 1

/** Gives blanked images a place: the old one when they fit and nobody shares it, else behind the end of their file. */
function placing({ levels, edits }: MiraxDraft) {
  const uses = new Map<string, number>()
  for (const { file, offset } of levels.flat()) {
    uses.set(`${file}:${offset}`, (uses.get(`${file}:${offset}`) ?? 0) + 1)
  }
  const ends = edits.map(({ size }) => size)
  const place = ({ file, offset, length }: ImagePlace, bytes: Buffer): number => {
    if (bytes.length <= length && uses.get(`${file}:${offset}`) === 1) return offset
    const at = ends[file]!
    ends[file] = at + bytes.length
    if (ends[file]! > MAX_OFFSET) {
      throw new SlideFileError('unsupported', "The slide's data files leave no room for a region that is blanked.")
    }
    return at
  }
  return { place, ends }
}

/** Marked regions become white on every zoom level, in the stored images that show them. */
export const redactImages: MiraxStep = async (draft, signal) => {
  const { redact = [] } = draft.choices
  if (redact.length === 0) return draft
  const marked = await markedPlaces(draft, redact)
  const sizes = imagesOfLevels(draft)
  const { place, ends } = placing(draft)
  const patches = draft.edits.map(({ patches }): Patch[] => [...patches])
  const levels: ImagePlace[][] = []
  const taken: Taken[] = []
  for (const [k, images] of draft.levels.entries()) {
    const blanks = onImages(marked, sizes[k]!, draft.geometry.imagesAcross)
    const removed = {
      place: `zoom level ${k}, tiles`,
      kind: 'image' as const,
      name: 'redacted tiles',
      length: 0,
      count: 0,
    }
    const next = [...images]
    for (const [i, image] of images.entries()) {
      const regions = image.length > 0 && blanks.get(image.place)
      if (!regions) continue
      signal?.throwIfAborted()
      const before = await draft.data[image.file]!.read(image.offset, image.length)
      const bytes = blankJpeg(before, regions)
      const offset = place(image, bytes)
      patches[image.file]!.push({ offset, bytes })
      next[i] = { ...image, offset, length: bytes.length }
      removed.count += 1
      removed.length += image.length
    }
    levels.push(next)
    if (removed.count > 0) taken.push({ removed })
  }
  const edits = patches.map((all, file) => ({ patches: all, size: ends[file]! }))
  return take({ ...draft, levels, edits }, taken)
}
