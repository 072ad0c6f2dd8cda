/** What a slide's tiles are read from: its pyramid, or until that is there its original. */
import { ApiError, request } from '../api.ts'

export interface ShownRendition {
  /** Whether the pyramid is not there yet. */
  original: boolean
  tileSize: number
  tileUrl(level: number, x: number, y: number): string
}

/** The one to show now; null while there is none. @throws ApiError for everything but that */
export async function findRendition(slideId: string): Promise<ShownRendition | null> {
  try {
    const answer = await request(`/tiles/${slideId}.dzi`)
    return readDescription(new URL(answer.url).pathname, await answer.text())
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  }
}

/**
 * Reads a Deep Zoom description.
 * @param path the address that the unversioned one has led to: its tiles lie beside it, and are the same for ever
 */
export function readDescription(path: string, xml: string): ShownRendition {
  const tileSize = Number(/\bTileSize="(\d+)"/.exec(xml)?.[1])
  if (!(tileSize > 0)) throw new ApiError(0, 'no-description', 'The description of the slide is not understood.')
  const base = path.replace(/\.dzi$/, '_files')
  return {
    original: path.endsWith('-original.dzi'),
    tileSize,
    tileUrl: (level, x, y) => `${base}/${level}/${x}_${y}.jpeg`,
  }
}
