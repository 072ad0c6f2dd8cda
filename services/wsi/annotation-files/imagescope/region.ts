import { type Content, type Measurement, noContent, type Term } from '../annotation.ts'
import { Unusable } from '../errors.ts'
import { OWN_METADATA } from '../geojson/names.ts'
import { cleanText, shortText } from '../text.ts'
import { EXCLUDE, TERM_HEADER } from './names.ts'
import type { RawLayer, RawRegion } from './read.ts'
import { type Shape, shapeOf } from './shape.ts'

/** A region whose shape is known, before holes are cut. */
export interface Region extends Shape {
  raw: RawRegion
  id: string
  isNegative: boolean
  inputRegionId: string
}

/** @throws Unusable when the region shows nothing that can be drawn */
export function regionOf(raw: RawRegion): Region {
  const { Type = '0', GeoShape = '', Id = '', NegativeROA = '0', InputRegionId = '0' } = raw.attributes
  if (raw.fault !== undefined) throw new Unusable(raw.fault)
  const isNegative = NegativeROA.trim() === '1'
  return { raw, id: Id, isNegative, inputRegionId: InputRegionId.trim(), ...shapeOf(Type, GeoShape, raw.vertices) }
}

/** @throws Unusable when one of its texts is too long */
export function contentOf(region: Region, { layer, headers, isReadOnly }: RawLayer): Content {
  const said = region.raw.said
    .map(([name, value]) => [attributeName(headers.get(name) || name), value] as const)
    .filter(([name, value]) => name !== '' && value !== '')
  const term = said.find(([name]) => name === TERM_HEADER)?.[1]
  const others = said.filter(([name]) => name !== TERM_HEADER)
  return {
    ...noContent,
    kind: region.kind,
    geometry: region.geometry,
    name: shortText(region.raw.attributes.Text ?? '', 'Text'),
    term: termOf(term, region.isNegative),
    layer,
    isExclusion: region.isNegative,
    isLocked: isReadOnly,
    measurements: Object.fromEntries(others.filter(isMeasurement).map(([name, value]) => [name, numberOf(value)])),
    metadata: Object.fromEntries(
      others.filter(pair => !isMeasurement(pair)).map(([name, value]) => [name, cleanText(value)]),
    ),
  }
}

/** Names of ours in the metadata are not for the file to set. */
function attributeName(name: string): string {
  return OWN_METADATA.has(name) ? `imagescope.${name}` : shortText(name, 'attribute')
}

function termOf(name: string | undefined, isNegative: boolean): Term | null {
  if (name !== undefined) return { name: shortText(name, 'term'), color: null }
  return isNegative ? { name: EXCLUDE, color: null } : null
}

const NUMBER = /^\s*(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|NaN|-?Infinity)\s*$/i
const isMeasurement = ([, value]: readonly [string, string]): boolean => NUMBER.test(value)

function numberOf(text: string): Measurement {
  const number = Number(text)
  return Number.isFinite(number) ? number + 0 : (String(number) as Measurement)
}
