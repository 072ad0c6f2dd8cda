import { setImmediate } from 'node:timers/promises'
import { readAsap } from './asap/read.ts'
import { Unusable } from './errors.ts'
import type { AnnotationFormat } from './format.ts'
import { parseJson } from './geojson/document.ts'
import { featuresOf, readFeature } from './geojson/read.ts'
import { readImageScope } from './imagescope/read.ts'
import type { ReadSink } from './read-sink.ts'

/**
 * Reads a file entry by entry: what can be used goes to `sink.content`, anything else to `sink.skip` with its place and a
 * reason, neither of which quotes the file.
 * @throws Unusable when the file as a whole cannot be read
 */
export const readAnnotationFile = (format: AnnotationFormat, bytes: Uint8Array, sink: ReadSink): Promise<void> =>
  READERS[format](bytes, sink)

/** Entries between two breaths of the event loop. */
const BATCH = 500

async function readGeoJson(bytes: Uint8Array, sink: ReadSink): Promise<void> {
  let count = 0
  for (const { place, feature } of featuresOf(parseJson(bytes))) {
    try {
      sink.content({ place, ...readFeature(feature) })
    } catch (error) {
      if (!(error instanceof Unusable)) throw error
      sink.skip({ place, reason: error.reason })
    }
    if (++count % BATCH === 0) await setImmediate()
  }
}

const READERS: Readonly<Record<AnnotationFormat, (bytes: Uint8Array, sink: ReadSink) => Promise<void>>> = {
  geojson: readGeoJson,
  imagescope: readImageScope,
  asap: readAsap,
}
