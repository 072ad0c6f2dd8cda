import {
  type Content,
  type Json,
  kindOf,
  type Layer,
  type Measurement,
  type ObjectType,
  type Rgb,
  type Term,
  uuidFrom,
} from '../annotation.ts'
import { Unusable } from '../errors.ts'
import { cleanText, shortText } from '../text.ts'
import { OWN_METADATA, OWN_PROPERTIES, TYPES } from './names.ts'
import { asList, asObject, readGeometry } from './read-geometry.ts'

type Object = Record<string, unknown>

/** One feature of a document, with its place in words. */
export interface FoundFeature {
  place: string
  feature: unknown
}

/**
 * The features of a FeatureCollection, a bare array or a single Feature, in order, children after their parents.
 * QuPath's tree is laid flat: each child is a feature of its own.
 * @throws Unusable when the document is none of these
 */
export function* featuresOf(document: unknown): Generator<FoundFeature> {
  yield* found(listIn(document), 'feature')
}

function listIn(document: unknown): unknown[] {
  if (Array.isArray(document)) return document
  const { type, features } = asObject(document, 'it is neither a Feature nor a FeatureCollection')
  if (type === 'Feature') return [document]
  if (type === 'FeatureCollection') return asList(features, 'its FeatureCollection has no features')
  throw new Unusable('it is neither a Feature nor a FeatureCollection')
}

/** Deeper than QuPath's trees go; a file must not be able to exhaust the stack. */
const DEEPEST = 20

function* found(features: unknown[], place: string, depth = 0): Generator<FoundFeature> {
  if (depth > DEEPEST) return
  for (const [index, feature] of features.entries()) {
    const here = `${place} ${index + 1}`
    const { childObjects, children = childObjects } = asMaybeObject(asMaybeObject(feature).properties)
    if (typeOf(feature) !== 'root') yield { place: here, feature }
    if (Array.isArray(children)) yield* found(children, `${here}, child`, depth + 1)
  }
}

const asMaybeObject = (value: unknown): Object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Object) : {}

/**
 * A GeoJSON Feature as QuPath writes it, now or in former versions. What is the server's (version, author, times) is
 * not read.
 * @returns `id`: in lower case, undefined when the feature has no UUID
 * @throws Unusable
 */
export function readFeature(value: unknown): { id: string | undefined; content: Content } {
  const feature = asObject(value, 'it is not an object')
  if (feature.type !== 'Feature') throw new Unusable('its type is not Feature')
  const properties = asObject(feature.properties ?? {}, 'its properties are not an object')
  const metadata = asObject(properties.metadata ?? {}, 'its metadata is not an object')
  const geometry = readGeometry(feature.geometry)
  const isEllipse = asMaybeObject(feature.geometry).isEllipse === true
  const { nucleusGeometry } = feature
  const content: Content = {
    objectType: typeOf(feature) as ObjectType,
    kind: kindOf(geometry, isEllipse ? 'ellipse' : entry(metadata, 'kind')),
    geometry,
    nucleus: nucleusGeometry === undefined || nucleusGeometry === null ? null : readGeometry(nucleusGeometry),
    name: shortText(properties.name ?? '', 'name'),
    color: readColor(properties.color),
    term: readTerm(properties.classification),
    layer: readLayer(metadata),
    isExclusion: entry(metadata, 'exclusion') === 'true',
    isLocked: properties.isLocked === true,
    measurements: readMeasurements(properties.measurements),
    metadata: otherMetadata(metadata),
    properties: otherProperties(properties),
  }
  return { id: uuidFrom(feature.id), content }
}

function typeOf(value: unknown): ObjectType | 'root' {
  const { id, properties } = asMaybeObject(value)
  const { objectType, object_type, type } = asMaybeObject(properties)
  const said = [objectType, object_type, type, id].find(name => typeof name === 'string' && Object.hasOwn(TYPES, name))
  return said === undefined ? 'annotation' : TYPES[said as string]!
}

/** QuPath's metadata holds text; other plain values are written as text. */
function entry(metadata: Object, name: string): string | undefined {
  const value = metadata[name]
  if (typeof value === 'string') return cleanText(value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function readLayer(metadata: Object): Layer | null {
  const name = shortText(entry(metadata, 'layer') ?? '', 'layer')
  if (name === '') return null
  const digits = /^#([0-9a-f]{6})$/i.exec(entry(metadata, 'layerColor') ?? '')?.[1]
  return { name, color: digits === undefined ? null : unpacked(Number.parseInt(digits, 16)) }
}

/** The red, green and blue bytes of 0xRRGGBB; higher bits (alpha) do not count, negative numbers are two's complement. */
const unpacked = (rgb: number): Rgb => [(rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255]

function readColor(value: unknown): Rgb | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'number' && Number.isInteger(value)) return unpacked(value)
  const channels = Array.isArray(value) ? value.slice(0, 3) : []
  if (channels.length < 3 || !channels.every(channel => typeof channel === 'number' && channel >= 0 && channel <= 255))
    throw new Unusable('a colour is not [red, green, blue] from 0 to 255')
  return channels.map(Math.round) as unknown as Rgb
}

/** `{name | names, color}`; up to version 0.3 `{name, colorRGB, parentClass}`. */
function readTerm(value: unknown): Term | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return termOf(value, null)
  const { name, names, color, colorRGB } = asObject(value, 'its classification is not an object')
  const parts = Array.isArray(names) ? names : [...ancestorsOf(value), name]
  const full = parts.filter(part => typeof part === 'string' && part !== '').join(': ')
  return termOf(full, readColor(color ?? colorRGB))
}

function ancestorsOf(classification: unknown): unknown[] {
  const names: unknown[] = []
  let { parentClass: parent } = asMaybeObject(classification)
  while (typeof parent === 'object' && parent !== null && names.length < DEEPEST) {
    names.unshift(asMaybeObject(parent).name)
    parent = asMaybeObject(parent).parentClass
  }
  return names
}

function termOf(name: string, color: Rgb | null): Term | null {
  const clean = shortText(name, 'classification')
  return clean === '' ? null : { name: clean, color }
}

/** `{name: value}`; up to version 0.3 `[{name, value}]`. */
function readMeasurements(value: unknown): Record<string, Measurement> {
  if (value === undefined || value === null) return {}
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? value.map(item => [asMaybeObject(item).name, asMaybeObject(item).value])
    : Object.entries(asObject(value, 'its measurements are not an object'))
  return Object.fromEntries(entries.map(([name, number]) => [cleanText(String(name)), readMeasurement(number)]))
}

const NOT_FINITE: Readonly<Record<string, Measurement>> = {
  nan: 'NaN',
  inf: 'Infinity',
  infinity: 'Infinity',
  '+inf': 'Infinity',
  '-inf': '-Infinity',
  '-infinity': '-Infinity',
}

function readMeasurement(value: unknown): Measurement {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : (String(value) as Measurement)
  if (value === null) return 'NaN'
  const text = typeof value === 'string' ? value.trim().toLowerCase() : ''
  const number = NOT_FINITE[text] ?? (text === '' ? Number.NaN : Number(text))
  if (number === 'NaN' || !Number.isNaN(number)) return number
  throw new Unusable('a measurement is not a number')
}

function otherMetadata(metadata: Object): Record<string, string> {
  const others = Object.keys(metadata).filter(name => !OWN_METADATA.has(name))
  const entries = others.map(name => [cleanText(name), entry(metadata, name)] as const)
  return Object.fromEntries(entries.filter((pair): pair is [string, string] => pair[1] !== undefined))
}

function otherProperties(properties: Object): Record<string, Json> {
  const others = Object.entries(properties).filter(
    ([name, value]) => !OWN_PROPERTIES.has(name) && !(name === 'type' && Object.hasOwn(TYPES, String(value))),
  )
  return Object.fromEntries(others.map(([name, value]) => [cleanText(name), cleanJson(value, 0)]))
}

function cleanJson(value: unknown, depth: number): Json {
  if (depth > DEEPEST) throw new Unusable('its properties are nested too deeply')
  if (typeof value === 'string') return cleanText(value)
  if (Array.isArray(value)) return value.map(item => cleanJson(item, depth + 1))
  if (typeof value !== 'object' || value === null) return value as Json
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [cleanText(name), cleanJson(item, depth + 1)]))
}
