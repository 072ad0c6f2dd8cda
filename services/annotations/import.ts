/** From the bytes of an annotation file, or of a request, to drafts. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { type Content, derivedId, digestOf } from '@coverslip/wsi/annotation-files/annotation.ts'
import { Unusable } from '@coverslip/wsi/annotation-files/errors.ts'
import type { AnnotationFormat } from '@coverslip/wsi/annotation-files/format.ts'
import { parseJson } from '@coverslip/wsi/annotation-files/geojson/document.ts'
import { featuresOf, readFeature } from '@coverslip/wsi/annotation-files/geojson/read.ts'
import { readAnnotationFile } from '@coverslip/wsi/annotation-files/read.ts'
import type { Skipped } from '@coverslip/wsi/annotation-files/read-sink.ts'
import type { Draft } from './columns.ts'
import { checkSize } from './limits.ts'

export interface PlacedDraft extends Draft {
  /** Where it stood, in words that quote nothing. */
  place: string
}
export interface Imported {
  drafts: PlacedDraft[]
  skipped: Skipped[]
}

/**
 * The annotations of a file; an entry that cannot be used is skipped with its reason.
 * @throws ServiceError `invalid` when the file as a whole cannot be read
 */
export async function importFile(
  format: AnnotationFormat,
  bytes: Uint8Array,
  slideId: string,
  maxVertices: number,
): Promise<Imported> {
  const { imported, add } = collector(slideId, maxVertices)
  try {
    await readAnnotationFile(format, bytes, {
      content: ({ place, id, content }) => add(place, id, content),
      skip: skipped => imported.skipped.push(skipped),
    })
  } catch (error) {
    throw asInvalid(error, 'The file')
  }
  return imported
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
  const keep = (place: string, id: string | undefined, content: Content): void => {
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
    add(place: string, id: string | undefined, content: Content): void {
      try {
        keep(place, id, content)
      } catch (error) {
        if (!(error instanceof Unusable)) throw error
        imported.skipped.push({ place, reason: error.reason })
      }
    },
  }
}
