import { SlideFileError } from '../../errors.ts'
import type { StoredPicture } from '../../pictures.ts'
import type { Rectangle } from '../../tiff/region.ts'
import type { MiraxGeometry } from './geometry.ts'
import type { ImageList } from './index-file.ts'
import { photographs } from './positions.ts'

const damaged = () =>
  new SlideFileError('damaged', 'The slide is damaged: its Index.dat does not fit its Slidedat.ini.')

/**
 * Whether each image of level 0 lies at a whole pixel and shows one photograph, so that it can be pasted as it is. Else
 * OpenSlide resamples it.
 */
export const isPasted = ({ concat, divisions, overlapX, overlapY }: MiraxGeometry): boolean =>
  concat <= divisions && divisions % concat === 0 && Number.isInteger(overlapX) && Number.isInteger(overlapY)

/** Images where they lie in the slide, in the order in which they are painted over each other. */
export interface PlacedImages {
  count: number
  x: Int32Array
  y: Int32Array
  file: Int32Array
  offset: Int32Array
  length: Int32Array
}

/**
 * Places the stored images of level 0. Where photographs overlap, the lower right one is on top, as with OpenSlide.
 * @param positions of the photographs, in pixels of the finest level
 * @returns null when an image does not lie at a whole pixel
 * @throws SlideFileError `damaged`
 */
export function placeImages(geometry: MiraxGeometry, images: ImageList, positions: Int32Array): PlacedImages | null {
  const { imagesAcross, divisions, concat, imageWidth, imageHeight } = geometry
  const { across } = photographs(geometry)
  const inOrder = imagesByPlace(geometry, images)
  const placed = allocate(inOrder.length)
  for (const image of inOrder) {
    const [place, offset, length, file] = images.subarray(image * 4) as unknown as [number, number, number, number]
    const [column, row] = [place % imagesAcross, Math.floor(place / imagesAcross)]
    const [photoColumn, photoRow] = [Math.floor(column / divisions), Math.floor(row / divisions)]
    const photo = (photoRow * across + photoColumn) * 2
    if (column % concat > 0 || row % concat > 0 || photo + 1 >= positions.length) throw damaged()
    const [left, top] = [positions[photo] as number, positions[photo + 1] as number]
    // A photograph that was not taken has no position: only the first one can lie at (0, 0).
    if (length === 0 || (left === 0 && top === 0 && photo > 0)) continue
    const x = (left + imageWidth * (column - photoColumn * divisions)) / concat
    const y = (top + imageHeight * (row - photoRow * divisions)) / concat
    if (!Number.isInteger(x) || !Number.isInteger(y)) return null
    const i = placed.count++
    placed.x[i] = x
    placed.y[i] = y
    placed.file[i] = file
    placed.offset[i] = offset
    placed.length[i] = length
  }
  return placed
}

function allocate(most: number): PlacedImages {
  const numbers = () => new Int32Array(most)
  return { count: 0, x: numbers(), y: numbers(), file: numbers(), offset: numbers(), length: numbers() }
}

/** Numbers of the images in the order of their places; of two for one place the last one counts. */
function imagesByPlace({ imagesAcross, imagesDown }: MiraxGeometry, images: ImageList): Int32Array {
  const atPlace = new Int32Array(imagesAcross * imagesDown).fill(-1)
  for (let i = 0; i * 4 < images.length; i++) {
    const place = images[i * 4] as number
    if (place >= atPlace.length) throw damaged()
    atPlace[place] = i
  }
  return atPlace.filter(image => image >= 0)
}

/** Side of the squares by which pictures are looked up. */
const CELL = 1024

/** Gives the pictures that an area touches, in their order. */
export function pictureLookup(
  { imageWidth, imageHeight, width, height }: MiraxGeometry,
  { count, x, y, file, offset, length }: PlacedImages,
): (area: Rectangle) => StoredPicture[] {
  const across = Math.ceil(width / CELL)
  const cells = new Map<number, number[]>()
  const boxOf = (i: number) => ({ x: x[i] as number, y: y[i] as number, width: imageWidth, height: imageHeight })
  for (let i = 0; i < count; i++) {
    for (const cell of cellsOf(boxOf(i))) {
      const list = cells.get(cell)
      if (list) list.push(i)
      else cells.set(cell, [i])
    }
  }
  return area => {
    const found = new Set<number>()
    for (const cell of cellsOf(area)) for (const i of cells.get(cell) ?? []) if (touches(boxOf(i), area)) found.add(i)
    return [...found].sort((a, b) => a - b).map(pictureAt)
  }

  function pictureAt(i: number): StoredPicture {
    const ranges = Float64Array.of(offset[i] as number, length[i] as number)
    return { ...boxOf(i), file: file[i] as number, ranges, header: null }
  }

  function* cellsOf(box: Rectangle) {
    const right = Math.min(box.x + box.width, width)
    const bottom = Math.min(box.y + box.height, height)
    for (let row = Math.floor(Math.max(box.y, 0) / CELL); row * CELL < bottom; row++) {
      for (let column = Math.floor(Math.max(box.x, 0) / CELL); column * CELL < right; column++)
        yield row * across + column
    }
  }
}

const touches = (a: Rectangle, b: Rectangle) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
