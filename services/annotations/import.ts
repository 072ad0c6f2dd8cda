/** From the bytes of an annotation file, or of a request, to drafts. */
import { setImmediate } from 'node:timers/promises'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { type Content, derivedId, digestOf } from '@coverslip/wsi/annotation-files/annotation.ts'
import { Unusable } from '@coverslip/wsi/annotation-files/errors.ts'
import { parseJson } from '@coverslip/wsi/annotation-files/geojson/document.ts'
import { featuresOf, readFeature } from '@coverslip/wsi/annotation-files/geojson/read.ts'
import { readImageScope, type Skipped } from '@coverslip/wsi/annotation-files/imagescope/read.ts'
import { checkSize } from './limits.ts'
import type { Draft } from './store.ts'

export interface PlacedDraft extends Draft {
  /** Where it stood, in words that quote nothing. */
  place: string
}
export interface Imported {
  drafts: PlacedDraft[]
  skipped: Skipped[]
}

/** Entries between two breaths of the event loop. */
const BATCH = 500

/**
 * The annotations of a GeoJSON file; a feature that cannot be used is skipped with its reason.
 * @throws ServiceError `invalid` when the file as a whole cannot be read
 */
export async function importGeoJson(bytes: Uint8Array, slideId: string, maxVertices: number): Promise<Imported> {
  const collected = collector(slideId, maxVertices)
  let count = 0
  try {
    for (const { place, feature } of featuresOf(parseJson(bytes))) {
      collected.attempt(place, () => readFeature(feature))
      if (++count % BATCH === 0) await setImmediate()
    }
  } catch (error) {
    throw asInvalid(error, 'The file')
  }
  return collected.imported
}

/**
 * The annotations of an ImageScope XML file; a region that cannot be used is skipped with its reason.
 * @throws ServiceError `invalid` when the file as a whole cannot be read
 */
export async function importImageScope(bytes: Uint8Array, slideId: string, maxVertices: number): Promise<Imported> {
  const collected = collector(slideId, maxVertices)
  try {
    await readImageScope(bytes, {
      content: ({ place, content }) => collected.attempt(place, () => ({ id: undefined, content })),
      skip: skipped => collected.imported.skipped.push(skipped),
    })
  } catch (error) {
    throw asInvalid(error, 'The file')
  }
  return collected.imported
}

/**
 * The features of a request, each with an id made by the client.
 * @throws ServiceError `invalid` that names the first wrong feature and what is wrong with it
 */
export function draftsOfRequest(bytes: Uint8Array, maxVertices: number): Draft[] {
  let place = 'The body'
  try {
    const drafts = new Map<string, Draft>()
    for (const found of featuresOf(parseJson(bytes))) {
      place = capitalised(found.place)
      const { id, content } = readFeature(found.feature)
      if (id === undefined)
        throw new Unusable('its id is not a UUID; make one before sending it, so that it can be sent again')
      checkSize(content, maxVertices)
      const twin = drafts.get(id)
      if (twin && digestOf(twin.content) !== digestOf(content))
        throw new Unusable('another feature of the request has the same id')
      drafts.set(id, { id, content })
    }
    return [...drafts.values()]
  } catch (error) {
    throw asInvalid(error, place)
  }
}

/**
 * The content of a request that replaces an annotation.
 * @throws ServiceError `invalid`
 */
export function contentOfRequest(bytes: Uint8Array, id: string, maxVertices: number): Content {
  try {
    const { id: said, content } = readFeature(parseJson(bytes))
    if (said !== undefined && said !== id) throw new Unusable('its id is not the one of the address')
    checkSize(content, maxVertices)
    return content
  } catch (error) {
    throw asInvalid(error, 'The feature')
  }
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function asInvalid(error: unknown, place: string): unknown {
  if (!(error instanceof Unusable)) return error
  return new ServiceError('invalid', `${place} cannot be used: ${error.reason}`)
}

function collector(slideId: string, maxVertices: number) {
  const imported: Imported = { drafts: [], skipped: [] }
  const byId = new Map<string, string>()
  const occurrences = new Map<string, number>()
  const add = (place: string, { id, content }: { id: string | undefined; content: Content }): void => {
    checkSize(content, maxVertices)
    const digest = digestOf(content)
    const occurrence = occurrences.get(digest) ?? 0
    const key = id ?? derivedId(slideId, digest, occurrence)
    if (id === undefined) occurrences.set(digest, occurrence + 1)
    if (byId.has(key)) throw new Unusable('an entry before it has the same id')
    byId.set(key, digest)
    imported.drafts.push({ place, id: key, content })
  }
  return {
    imported,
    attempt(place: string, read: () => { id: string | undefined; content: Content }): void {
      try {
        add(place, read())
      } catch (error) {
        if (!(error instanceof Unusable)) throw error
        imported.skipped.push({ place, reason: error.reason })
      }
    },
  }
}
