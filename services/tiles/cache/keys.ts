/**
 * Cache keys. In memory a key is the path under which the bytes are asked for, which names slide and rendition; the
 * shared cache has the hash of the rendition's file in front, so that bytes of another file are never found.
 */
import type { Format } from '../formats.ts'
import type { ServedRendition } from '../store.ts'

export interface CacheKey {
  key: string
  /** Of the rendition's file. */
  content: string
  /** Whether the shared cache is worth asking, see infra/decisions. */
  shared: boolean
}

type Keyed = Pick<ServedRendition, 'slideId' | 'name' | 'sha256'>

/** Everything cached of a slide begins with this. */
export const slidePrefix = (slideId: string): string => `/tiles/${slideId}/`

/** The hash that stands for a rendition's file. */
export const contentOf = ({ sha256 }: Pick<ServedRendition, 'sha256'>): string => sha256.slice(0, 16)

/** The path of a Deep Zoom tile. */
export const tilePath = (
  { slideId, name }: Pick<Keyed, 'slideId' | 'name'>,
  { level, x, y }: { level: number; x: number; y: number },
  format: Format,
): string => `/tiles/${slideId}/${name}_files/${level}/${x}_${y}.${format}`

/** Anything else of a rendition, by words that no path of a tile has (`thumbnail?max=300`). */
export const renditionKey = (rendition: Keyed, what: string): CacheKey => ({
  key: `/tiles/${rendition.slideId}/${rendition.name}/${what}`,
  content: contentOf(rendition),
  shared: true,
})

export const sharedKey = ({ key, content }: CacheKey): string => `${content}${key}`
