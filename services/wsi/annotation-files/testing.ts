/** What the tests of this service share: arbitrary contents, and the sample files beside the repository. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { sharedData } from '../test-data.ts'
import { type Content, kindOf, noContent, type Rgb } from './annotation.ts'
import { boxRing, closed, ellipseRing, type Geometry, type Position, type Ring } from './geometry.ts'

/** @param folder `imagescope` or `qupath`; nothing where there are no sample files */
export function samplesOf(folder: string): { name: string; bytes: Buffer }[] {
  if (!sharedData) return []
  const path = join(sharedData, 'annotations', folder)
  return readdirSync(path).map(name => ({ name, bytes: readFileSync(join(path, name)) }))
}

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4 + 0
const coordinate = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(rounded)
export const position: fc.Arbitrary<Position> = fc.tuple(coordinate, coordinate)
const box = fc
  .tuple(position, fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }))
  .map(([[x0, y0], w, h]) => ({ x0, y0, x1: x0 + w, y1: y0 + h }))

const circle = ([x, y]: Position, radii: readonly number[]): Ring =>
  closed(
    radii.map((radius, i): Position => {
      const angle = (2 * Math.PI * i) / radii.length
      return [rounded(x + radius * Math.cos(angle)), rounded(y + radius * Math.sin(angle))]
    }),
  )
const radii = fc.array(fc.integer({ min: 50, max: 500 }), { minLength: 3, maxLength: 40 })
/** A star-shaped ring, which crosses itself nowhere, and the middle that all its corners see. */
export const star = fc.record({ middle: position, radii }).map(({ middle, radii }) => ({
  middle,
  ring: circle(middle, radii),
}))
export const ring: fc.Arbitrary<Ring> = star.map(({ ring }) => ring)
const holed = fc
  .tuple(position, fc.integer({ min: 3, max: 30 }))
  .map(([middle, corners]): Ring[] => [1000, 100].map(radius => circle(middle, Array(corners).fill(radius))))

const path = fc.array(position, { minLength: 2, maxLength: 20 })
const simple: fc.Arbitrary<{ geometry: Geometry; kind: string }> = fc.oneof(
  position.map(coordinates => ({ geometry: { type: 'Point' as const, coordinates }, kind: 'point' })),
  fc
    .array(position, { minLength: 1, maxLength: 9 })
    .map(coordinates => ({ geometry: { type: 'MultiPoint' as const, coordinates }, kind: 'point' })),
  path.map(coordinates => ({ geometry: { type: 'LineString' as const, coordinates }, kind: 'ruler' })),
  fc
    .tuple(position, position)
    .map(coordinates => ({ geometry: { type: 'LineString' as const, coordinates }, kind: 'arrow' })),
  ring.map(one => ({ geometry: { type: 'Polygon' as const, coordinates: [one] }, kind: 'freehand' })),
  holed.map(coordinates => ({ geometry: { type: 'Polygon' as const, coordinates }, kind: 'polygon' })),
  box.map(b => ({ geometry: { type: 'Polygon' as const, coordinates: [boxRing(b)] }, kind: 'rectangle' })),
  box.map(b => ({ geometry: { type: 'Polygon' as const, coordinates: [ellipseRing(b)] }, kind: 'ellipse' })),
  fc
    .array(holed, { minLength: 1, maxLength: 3 })
    .map(coordinates => ({ geometry: { type: 'MultiPolygon' as const, coordinates }, kind: 'polygon' })),
  fc
    .array(path, { minLength: 1, maxLength: 3 })
    .map(coordinates => ({ geometry: { type: 'MultiLineString' as const, coordinates }, kind: 'line' })),
)

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map(value => value.replaceAll('\0', ''))
/** Of a name: not blank. */
const name = text.filter(value => value.trim() === value && value !== '' && !/^Layer \d+$/.test(value))
const color: fc.Arbitrary<Rgb> = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255))
const measurement = fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0)

export const content: fc.Arbitrary<Content> = fc
  .record({
    shape: simple,
    name: text,
    term: fc.option(fc.record({ name, color: fc.option(color) })),
    layer: fc.option(fc.record({ name, color: fc.option(color) })),
    isLocked: fc.boolean(),
    measurements: fc.dictionary(fc.constantFrom('Area', 'Nuclei', 'µm'), measurement),
    metadata: fc.dictionary(
      fc.constantFrom('stain', 'note'),
      name.filter(value => Number.isNaN(Number(value))),
    ),
  })
  .map(({ shape, ...rest }) => ({
    ...noContent,
    ...rest,
    geometry: shape.geometry,
    kind: kindOf(shape.geometry, shape.kind),
  }))
