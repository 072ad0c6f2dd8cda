/** Cache keys: slide, revision and place; listing them all is how a deleted slide leaves the caches. */
import { levelSize, topLevel } from '../deepzoom/levels.ts'
import type { ServedSlide } from '../store.ts'

type Keyed = Pick<ServedSlide, 'slideId' | 'revision'>

export const tileKey = ({ slideId, revision }: Keyed, level: number, x: number, y: number): string =>
  `tile/${slideId}/${revision}/${level}/${x}_${y}`

export const thumbnailKey = ({ slideId, revision }: Keyed, max: number): string =>
  `thumbnail/${slideId}/${revision}/${max}`

/** The sizes a thumbnail may be asked in, see proto/api.ts. */
const THUMBNAIL_MIN = 16
const THUMBNAIL_MAX = 2048

/** Every key under which something of the slide may be cached. */
export function* keysOf(slide: ServedSlide): Generator<string> {
  for (let max = THUMBNAIL_MIN; max <= THUMBNAIL_MAX; max += 1) yield thumbnailKey(slide, max)
  for (let level = 0; level <= topLevel(slide); level += 1) {
    const { width, height } = levelSize(slide, level)
    for (let y = 0; y * slide.tileSize < height; y += 1) {
      for (let x = 0; x * slide.tileSize < width; x += 1) yield tileKey(slide, level, x, y)
    }
  }
}
