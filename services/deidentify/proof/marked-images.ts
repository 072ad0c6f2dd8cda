/** Which stored images of a 3DHISTECH MIRAX level show a marked region: the others must be the same. */
import { inflateSync } from 'node:zlib'
import type { Rectangle } from '../files.ts'
import type { LevelLayout } from './layout.ts'

const numberOf = ({ same }: LevelLayout, key: string, missing = 0): number => {
  const value = Number(same.get(key)?.toString('latin1') || missing)
  return Number.isFinite(value) ? value : missing
}

interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

/** Where a place lies, in pixels of the finest level; null for one of a photograph that was not taken. */
function placesOf(full: LevelLayout): (column: number, row: number) => Box | null {
  const divisions = numberOf(full, 'CameraImageDivisionsPerSide', 1) || 1
  const side = { x: numberOf(full, 'DIGITIZER_WIDTH'), y: numberOf(full, 'DIGITIZER_HEIGHT') }
  const overlap = { x: numberOf(full, 'OVERLAP_X'), y: numberOf(full, 'OVERLAP_Y') }
  const photosAcross = Math.floor(numberOf(full, 'IMAGENUMBER_X') / divisions)
  const scale = 2 ** numberOf(full, 'IMAGE_CONCAT_FACTOR')
  const stored = full.same.get('camera positions')
  const list = stored && (stored[0] === 0x78 ? inflateSync(stored) : stored)
  const cornerOf = (column: number, row: number): [number, number] | null => {
    const nominal = [column * (side.x * divisions - overlap.x), row * (side.y * divisions - overlap.y)] as const
    if (!list) return [...nominal]
    const at = (row * photosAcross + column) * 9
    if (column >= photosAcross || at + 9 > list.length) return null
    const [x, y] = [list.readInt32LE(at + 1) * scale, list.readInt32LE(at + 5) * scale]
    return at > 0 && x === 0 && y === 0 ? null : [x, y]
  }
  return (column, row) => {
    const corner = cornerOf(Math.floor(column / divisions), Math.floor(row / divisions))
    if (!corner) return null
    const left = corner[0] + (column % divisions) * side.x
    const top = corner[1] + (row % divisions) * side.y
    return { left, top, right: left + side.x, bottom: top + side.y }
  }
}

/**
 * @param levels of one slide
 * @param index of the level
 * @param marked in level-0 pixels
 * @returns numbers of the level's images that show some of it; regions grow by two pixels of the level, as scales are not whole
 */
export function imagesUnder(levels: readonly LevelLayout[], index: number, marked: readonly Rectangle[]): Set<number> {
  const [full] = levels
  const touched = new Set<number>()
  const images = levels[index]?.same.get('positions')
  if (!full || !images) return touched
  const across = numberOf(full, 'IMAGENUMBER_X')
  const finest = 2 ** numberOf(full, 'IMAGE_CONCAT_FACTOR')
  const places = levels.slice(0, index + 1).reduce((all, level) => all * 2 ** numberOf(level, 'IMAGE_CONCAT_FACTOR'), 1)
  const boxOf = placesOf(full)
  const grown = marked.map(({ x, y, width, height }): Box => {
    const [left, top, right, bottom] = [x, y, x + width, y + height].map(at => at * finest) as [
      number,
      number,
      number,
      number,
    ]
    return { left: left - 2 * places, top: top - 2 * places, right: right + 2 * places, bottom: bottom + 2 * places }
  })
  const isMarked = (column: number, row: number): boolean => {
    const box = column < across ? boxOf(column, row) : null
    return box !== null && grown.some(mark => touches(box, mark))
  }
  for (let i = 0; i < images.length / 4; i++) {
    const [column, row] = [images.readInt32LE(i * 4) % across, Math.floor(images.readInt32LE(i * 4) / across)]
    for (let place = 0; place < places * places; place++) {
      if (!isMarked(column + (place % places), row + Math.floor(place / places))) continue
      touched.add(i)
      break
    }
  }
  return touched
}

const touches = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
