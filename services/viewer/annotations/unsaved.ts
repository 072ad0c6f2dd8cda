/**
 * What the server has not acknowledged yet: one entry per annotation, each under its own key, so that two tabs on one
 * slide do not overwrite each other. It survives a reload, a closed laptop and a server that is away.
 */
import type { AnnotationFeature } from './model.ts'

export interface Unsaved {
  id: string
  /** What should be there; null means that it should be gone. */
  feature: AnnotationFeature | null
  /** The version that the change was made on; 0 when the server has none yet. */
  version: number
  /** A creation that was sent but not answered may have arrived. */
  sent: boolean
  /** Why the server would not take it; kept, but not sent again before it is changed. */
  refused?: string
}

/** The part of Storage that is used here. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

export interface UnsavedEntries {
  all(): Unsaved[]
  get(id: string): Unsaved | undefined
  put(entry: Unsaved): void
  remove(id: string): void
}

/** Opens what `owner` left unsaved on a slide; a full or forbidden store only costs the survival of a reload. */
export function openUnsaved(shelf: Shelf, owner: string, slideId: string): UnsavedEntries {
  const prefix = `coverslip.unsaved/${owner}/${slideId}/`
  const entries = new Map(readAll(shelf, prefix).map(entry => [entry.id, entry]))
  return {
    all: () => [...entries.values()],
    get: id => entries.get(id),
    put(entry) {
      entries.set(entry.id, entry)
      try {
        shelf.setItem(prefix + entry.id, JSON.stringify(entry))
      } catch {
        // The entry stays in memory and is sent as usual.
      }
    },
    remove(id) {
      entries.delete(id)
      shelf.removeItem(prefix + id)
    },
  }
}

function readAll(shelf: Shelf, prefix: string): Unsaved[] {
  const keys = Array.from({ length: shelf.length }, (_, i) => shelf.key(i)).filter(key => key?.startsWith(prefix))
  return keys.map(key => parse(shelf.getItem(key as string))).filter(entry => entry !== null)
}

function parse(text: string | null): Unsaved | null {
  try {
    const entry = JSON.parse(text ?? '') as Unsaved
    return typeof entry.id === 'string' && 'feature' in entry ? entry : null
  } catch {
    return null
  }
}

/** A further change of the same annotation replaces what was to be sent; the version it builds on stays. */
export const changed = (
  earlier: Unsaved | undefined,
  id: string,
  feature: AnnotationFeature | null,
  version: number,
): Unsaved => ({
  id,
  feature,
  version: earlier?.version ?? version,
  sent: earlier?.sent ?? false,
})
