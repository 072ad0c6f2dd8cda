/** A tile's way from its place to its bytes, for every path that leads to one. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { type CacheKey, contentOf, renditionKey, tilePath } from '../cache/keys.ts'
import type { Found, TileCache } from '../cache/tile-cache.ts'
import type { Format } from '../formats.ts'
import { type Renderer, renditionId } from '../regions/renderer.ts'
import type { OpenSlides } from '../slides/slides.ts'
import type { ServedRendition } from '../store.ts'
import { encodeTile } from './format.ts'
import { placeTile } from './levels.ts'
import { isRendered, tilePicture } from './rendered-tile.ts'
import { readStoredTile, readTile } from './tile.ts'

export interface TileAddress {
  level: number
  x: number
  y: number
}

export interface TileService {
  /** A tile of Deep Zoom's levels. @throws ServiceError `not-found` for a place outside the slide */
  deepZoom(rendition: ServedRendition, at: TileAddress, format: Format, signal?: AbortSignal): Promise<Found>
  /** A tile of the levels as they are stored, 0 the full size. @throws ServiceError `not-found` */
  stored(rendition: ServedRendition, at: TileAddress, format: Format, signal?: AbortSignal): Promise<Found>
}

export function createTileService(
  { slides, cache, renderer }: { slides: OpenSlides; cache: TileCache; renderer: Renderer },
  isShared: (rendition: ServedRendition) => boolean,
): TileService {
  /** A tile in another format costs an encoding, which is worth keeping for all. */
  const keyOf = (rendition: ServedRendition, key: string, format: Format): CacheKey => ({
    key,
    content: contentOf(rendition),
    shared: format !== 'jpeg' || isShared(rendition),
  })

  return {
    deepZoom(rendition, at, format, signal) {
      const place = placeTile(rendition, rendition.tileSize, at.level, at.x, at.y)
      if (!place) return Promise.reject(noSuchTile())
      const load = async (signal: AbortSignal) => {
        const opened = await slides.open(rendition)
        if (!isRendered(opened, place)) return encodeTile(await readTile(opened, place, signal), format)
        return renderer.render(opened, renditionId(rendition), { ...tilePicture(opened, place), format }, signal)
      }
      return cache.get(keyOf(rendition, tilePath(rendition, at, format), format), load, signal)
    },
    async stored(rendition, at, format, signal) {
      const opened = await slides.open(rendition)
      const level = opened.levels[at.level]
      if (!level || !(at.x < level.columns) || !(at.y < level.rows)) throw noSuchTile()
      const { key } = renditionKey(rendition, `${at.level}/${at.x}_${at.y}.${format}`)
      const load = async (signal: AbortSignal) => encodeTile(await readStoredTile(opened, at, signal), format)
      return cache.get(keyOf(rendition, key, format), load, signal)
    },
  }
}

const noSuchTile = (): ServiceError => new ServiceError('not-found', 'The slide has no such tile')
