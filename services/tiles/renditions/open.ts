/** Opens what a slide is seen from: pyramids, and originals in the way that their format asks for. */
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { ServedRendition } from '../store.ts'
import type { Fetched } from './fetched.ts'
import { indexBytesOf } from './index-ahead.ts'
import { objectSource } from './object-source.ts'
import { openPassThrough } from './pass-through.ts'
import { openPyramid } from './pyramid.ts'
import type { Readers } from './readers.ts'
import { openRendered } from './rendered.ts'
import type { Rendition } from './rendition.ts'

export interface RenditionStores {
  pyramid: ReadableObjects
  original: ReadableObjects
  readers: Readers
  /** Originals whose reader wants a path. */
  fetched: Fetched
}

/** What is known of an original's file before anything else is. */
export type OriginalFile = Pick<ServedRendition, 'key' | 'moreKeys' | 'bytes' | 'name'>

/** @throws SlideFileError where the file cannot be read; ServiceError of the store */
export function openRendition(stores: RenditionStores, rendition: ServedRendition): Promise<Rendition> {
  return rendition.kind === 'original' ? openOriginal(stores, rendition) : openPyramidOf(stores, rendition)
}

async function openPyramidOf({ pyramid }: RenditionStores, rendition: ServedRendition): Promise<Rendition> {
  const { key, bytes, name, geometry } = rendition
  const source = await objectSource(pyramid, key, bytes)
  const facts = { name, mpp: geometry.mpp ?? null, objectivePower: geometry.objectivePower ?? null }
  // A file that is open costs nothing to read in pieces.
  return openPyramid(source, facts, source.readNow ? undefined : indexBytesOf(rendition))
}

/**
 * A tiled TIFF by its stored tiles, from wherever it lies; everything else by OpenSlide, as a local file.
 * @param patienceMs how long to wait for one that has to be fetched
 */
export async function openOriginal(
  { original, readers, fetched }: RenditionStores,
  { key, moreKeys, bytes, name }: OriginalFile,
  patienceMs?: number,
): Promise<Rendition> {
  if (moreKeys.length === 0) {
    const source = await objectSource(original, key, bytes)
    const stored = await openPassThrough(source, name).catch(async error => {
      await source.close?.()
      throw error
    })
    if (stored) return stored
    await source.close?.()
  }
  return openRendered(readers, () => fetched.acquire([key, ...moreKeys], patienceMs), name, key)
}
