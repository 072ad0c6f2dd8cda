/** Frames: tiles at their full, padded size, as they are stored. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { renditionKey } from '../cache/keys.ts'
import type { TileCache } from '../cache/tile-cache.ts'
import type { TileService } from '../deepzoom/tile-service.ts'
import { whiteTile } from '../deepzoom/white-tile.ts'
import type { Rendition } from '../renditions/rendition.ts'
import type { OpenSlides } from '../slides/slides.ts'
import type { ServedRendition } from '../store.ts'

export interface FrameParts {
  slides: OpenSlides
  cache: TileCache
  tiles: TileService
}

/** Frames of one answer; a viewer asks for a screen, a program for a level in several turns. */
const MOST = 4096

/**
 * The frame numbers of a list such as `1,2,7`, counted from 0.
 * @throws ServiceError `invalid` for what is no list, `not-found` for a frame that the instance does not have
 */
export function readFrameList(text: string, count: number): number[] {
  if (!/^[1-9]\d{0,9}(,[1-9]\d{0,9})*$/.test(text)) {
    throw new ServiceError('invalid', 'Frames are numbers from 1 on, with commas between them')
  }
  const frames = text.split(',').map(number => Number(number) - 1)
  if (frames.length > MOST) throw new ServiceError('invalid', `Ask for at most ${MOST} frames at once`)
  if (frames.some(frame => frame >= count)) throw new ServiceError('not-found', 'The instance has no such frame')
  return frames
}

/** One frame of a level, row by row from 0. */
export async function readFrame(
  { cache, tiles }: FrameParts,
  { served, opened }: { served: ServedRendition; opened: Rendition },
  level: number,
  frame: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { columns, width, height } = opened.levels[level]!
  const { tileSize } = opened
  const [x, y] = [frame % columns, Math.floor(frame / columns)]
  const whole = (x + 1) * tileSize <= width && (y + 1) * tileSize <= height
  // A whole tile is the one that other viewers ask for.
  if (whole) return (await tiles.stored(served, { level, x, y }, 'jpeg', signal)).bytes
  const load = async (signal: AbortSignal): Promise<Buffer> =>
    (await opened.readTile(level, x, y, signal)) ?? whiteTile(tileSize, tileSize)
  return (await cache.get(renditionKey(served, `frame/${level}/${frame}`), load, signal)).bytes
}
