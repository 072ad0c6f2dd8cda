/**
 * What may pass of an annotation file that came with a slide, by an allow-list: geometry, kind, colour, exclusion, lock
 * and numeric measures. Names and free text do not; they are counted, and stay with the source.
 */
import { type Content, derivedId, digestOf, type Layer, noContent, type Term } from './annotation.ts'
import { Unusable } from './errors.ts'
import { type AnnotationFormat, formatOf } from './format.ts'
import { writeContent } from './geojson/write.ts'
import { boxOf } from './geometry.ts'
import { EXCLUDE } from './imagescope/names.ts'
import { isMeasureName } from './measures.ts'
import { readAnnotationFile } from './read.ts'

/** What was dropped, by the sort of place that it stood in. */
const DROPPED = ['name', 'term', 'layer', 'measurement', 'metadata', 'property'] as const
export type Dropped = Record<(typeof DROPPED)[number], number>

export interface CleanOptions {
  slideId: string
  /** Level-0 pixels. */
  width: number
  height: number
  /** Names of layers and terms that pass, in any case: the project's own words. */
  vocabulary: readonly string[]
}

export interface Cleaned {
  format: AnnotationFormat
  /** A FeatureCollection. */
  geojson: Buffer
  annotations: number
  /** Entries that could not be used. */
  skipped: number
  dropped: Dropped
  /** Every word of the file that came from the source: names of layers, terms and measurements. */
  words: string[]
}

/**
 * Cleans an annotation file. The same file of the same slide gives the same bytes.
 * @throws Unusable when the file as a whole cannot be read
 */
export async function cleanAnnotationFile(bytes: Uint8Array, options: CleanOptions): Promise<Cleaned> {
  const format = formatOf(bytes)
  if (!format) throw new Unusable('it is neither ImageScope XML nor ASAP XML nor GeoJSON')
  const dropped = Object.fromEntries(DROPPED.map(place => [place, 0])) as Dropped
  const clean = cleaner(options, dropped)
  const contents: Content[] = []
  let skipped = 0
  await readAnnotationFile(format, bytes, {
    content: ({ content }) => {
      if (isOnSlide(content, options)) contents.push(clean(content))
      else skipped++
    },
    skip: () => skipped++,
  })
  const geojson = documentOf(options.slideId, contents)
  return { format, geojson, annotations: contents.length, skipped, dropped, words: wordsOf(contents) }
}

const wordsOf = (contents: readonly Content[]): string[] => [
  ...new Set(
    contents.flatMap(({ layer, term, measurements }) => [
      ...(layer ? [layer.name] : []),
      ...(term ? [term.name] : []),
      ...Object.keys(measurements),
    ]),
  ),
]

/** Annotators draw over the slide's border; what lies wholly beyond it belongs to another slide. */
function isOnSlide({ geometry }: Content, { width, height }: CleanOptions): boolean {
  const { x0, y0, x1, y1 } = boxOf(geometry)
  const near = x0 >= -width && y0 >= -height && x1 <= 2 * width && y1 <= 2 * height
  return near && x0 <= width && y0 <= height && x1 >= 0 && y1 >= 0
}

function cleaner({ vocabulary }: CleanOptions, dropped: Dropped): (content: Content) => Content {
  const known = new Set(vocabulary.map(word => word.toLowerCase()))
  const layers = new Map<string, string>()
  const terms = new Map<string, string>()
  const layerOf = (layer: Layer): Layer => {
    if (isPlainLayer(layer.name) || known.has(layer.name.toLowerCase())) return layer
    return { name: standIn(layers, layer.name, 'Layer', () => dropped.layer++), color: layer.color }
  }
  const termOf = (term: Term): Term => {
    if (term.name === EXCLUDE || known.has(term.name.toLowerCase())) return term
    return { name: standIn(terms, term.name, 'Term', () => dropped.term++), color: term.color }
  }
  return content => {
    const { objectType, kind, geometry, nucleus, color, isExclusion, isLocked, measurements } = content
    const measures = Object.entries(measurements).filter(([name]) => isMeasureName(name))
    dropped.name += content.name === '' ? 0 : 1
    dropped.measurement += Object.keys(measurements).length - measures.length
    dropped.metadata += Object.keys(content.metadata).length
    dropped.property += Object.keys(content.properties).length
    return {
      ...noContent,
      ...{ objectType, kind, geometry, nucleus, color, isExclusion, isLocked },
      measurements: Object.fromEntries(measures),
      layer: content.layer && layerOf(content.layer),
      term: content.term && termOf(content.term),
    }
  }
}

/** What readers call a layer without a name, by its number: mappings such as PAIP's go by it. */
const isPlainLayer = (name: string): boolean => /^Layer \d{1,3}$/.test(name)

/** The same name gets the same stand-in, one that no layer of the file has by itself. */
function standIn(names: Map<string, string>, name: string, word: string, count: () => void): string {
  const found = names.get(name)
  if (found !== undefined) return found
  count()
  const fresh = `${word} ${String.fromCharCode(65 + (names.size % 26))}${names.size >= 26 ? Math.floor(names.size / 26) : ''}`
  names.set(name, fresh)
  return fresh
}

/** Ids are made of the slide and of what is drawn: an id of the file may be anything. */
function documentOf(slideId: string, contents: readonly Content[]): Buffer {
  const occurrences = new Map<string, number>()
  const features = contents.map(content => {
    const digest = digestOf(content)
    const occurrence = occurrences.get(digest) ?? 0
    occurrences.set(digest, occurrence + 1)
    return JSON.stringify(writeContent(derivedId(slideId, digest, occurrence), content))
  })
  return Buffer.from(`{"type":"FeatureCollection","features":[\n${features.join(',\n')}\n]}\n`)
}
