import { SlideFileError } from '../../errors.ts'
import type { StoredPicture } from '../../pictures.ts'
import type { Rectangle } from '../../tiff/region.ts'
import type { MiraxGeometry } from './geometry.ts'
import type { ImagePlace } from './index-file.ts'
import { photographs } from './positions.ts'

const damaged = () =>
  new SlideFileError('damaged', 'The slide is damaged: its Index.dat does not fit its Slidedat.ini.')

/**
 * Whether each image of level 0 lies at a whole pixel and shows one photograph, so that it can be pasted as it is. Else
 * OpenSlide resamples it.
 */
export const isPasted = ({ concat, divisions, overlapX, overlapY }: MiraxGeometry): boolean =>
  concat <= divisions && divisions % concat === 0 && Number.isInteger(overlapX) && Number.isInteger(overlapY)

/**
 * The stored images of level 0 where they lie in the slide, in the order in which they are painted over each other:
 * where photographs overlap, the lower right one is on top, as with OpenSlide.
 * @param positions of the photographs, in pixels of the finest level
 * @returns null when an image does not lie at a whole pixel
 * @throws SlideFileError `damaged`
 */
export function placeImages(
  geometry: MiraxGeometry,
  images: readonly ImagePlace[],
  positions: Int32Array,
): StoredPicture[] | null {
  const { imagesAcross, imagesDown, divisions, concat, imageWidth, imageHeight } = geometry
  const { across } = photographs(geometry)
  // Of two images for one place the last one counts.
  const byPlace = new Map(images.map(image => [image.place, image]))
  const pictures: StoredPicture[] = []
  for (const place of [...byPlace.keys()].sort((a, b) => a - b)) {
    const { offset, length, file } = byPlace.get(place) as ImagePlace
    const [column, row] = [place % imagesAcross, Math.floor(place / imagesAcross)]
    const [photoColumn, photoRow] = [Math.floor(column / divisions), Math.floor(row / divisions)]
    const photo = (photoRow * across + photoColumn) * 2
    if (row >= imagesDown || column % concat > 0 || row % concat > 0 || photo + 1 >= positions.length) throw damaged()
    const [left, top] = [positions[photo] as number, positions[photo + 1] as number]
    // A photograph that was not taken has no position: only the first one can lie at (0, 0).
    if (length === 0 || (left === 0 && top === 0 && photo > 0)) continue
    const x = (left + imageWidth * (column - photoColumn * divisions)) / concat
    const y = (top + imageHeight * (row - photoRow * divisions)) / concat
    if (!Number.isInteger(x) || !Number.isInteger(y)) return null
    const ranges = Float64Array.of(offset, length)
    pictures.push({ x, y, width: imageWidth, height: imageHeight, file, ranges, header: null })
  }
  return pictures
}

/** Side of the squares by which pictures are looked up. */
const CELL = 1024

/** Gives the pictures that an area touches, in their order. */
export function pictureLookup(
  pictures: readonly StoredPicture[],
  slide: { width: number; height: number },
): (area: Rectangle) => StoredPicture[] {
  const across = Math.ceil(slide.width / CELL)
  const cells = new Map<number, number[]>()
  for (const [i, picture] of pictures.entries()) {
    for (const cell of cellsOf(picture)) {
      const list = cells.get(cell)
      if (list) list.push(i)
      else cells.set(cell, [i])
    }
  }
  return area => {
    const found = new Set([...cellsOf(area)].flatMap(cell => cells.get(cell) ?? []))
    const inOrder = [...found].sort((a, b) => a - b)
    return inOrder.map(i => pictures[i] as StoredPicture).filter(picture => touches(picture, area))
  }

  function* cellsOf({ x, y, width, height }: Rectangle) {
    const right = Math.min(x + width, slide.width)
    const bottom = Math.min(y + height, slide.height)
    for (let row = Math.floor(Math.max(y, 0) / CELL); row * CELL < bottom; row++) {
      for (let column = Math.floor(Math.max(x, 0) / CELL); column * CELL < right; column++) yield row * across + column
    }
  }
}

const touches = (a: Rectangle, b: Rectangle) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
