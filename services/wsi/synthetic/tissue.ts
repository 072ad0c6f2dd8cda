import { FIELD, FIELDS, type Samples } from './fields.ts'
import { smoothstep, type Texture, texture } from './noise.ts'

/** Optical densities of the two stains, row by row, for a rectangle of the slide. */
export interface Plane {
  x: number
  y: number
  width: number
  height: number
  haematoxylin: Float32Array
  eosin: Float32Array
  light: Float32Array
}

export function newPlane(x: number, y: number, width: number, height: number): Plane {
  const area = width * height
  return {
    x,
    y,
    width,
    height,
    haematoxylin: new Float32Array(area),
    eosin: new Float32Array(area),
    light: new Float32Array(area),
  }
}

/** An unstained plane elsewhere; takes over the memory of one of the same size. */
export function movePlane(plane: Plane, x: number, y: number, width: number, height: number): Plane {
  if (plane.width !== width || plane.height !== height) return newPlane(x, y, width, height)
  plane.haematoxylin.fill(0)
  plane.eosin.fill(0)
  return { ...plane, x, y }
}

/** Fine structure below the grid of the anatomy; one texel is one level-0 pixel. */
export interface Textures {
  fibre: Texture
  chromatin: Texture
  grain: Texture
}

export function createTextures(mpp: number, seed: number): Textures {
  const um = (size: number) => Math.max(1, size / mpp)
  return {
    // Long along x, fine along y: bundles of 8 µm, fibrils of 2 µm.
    fibre: texture(
      1024,
      [
        { x: um(60), y: um(9), weight: 0.8 },
        { x: um(34), y: um(4), weight: 0.75 },
        { x: um(15), y: um(1.6), weight: 0.5 },
        { x: um(5), y: um(5), weight: 0.25 },
      ],
      seed + 201,
    ),
    chromatin: texture(
      256,
      [
        { x: um(2.2), y: um(2.2), weight: 1 },
        { x: um(1.1), y: um(1.1), weight: 0.8 },
      ],
      seed + 202,
    ),
    grain: texture(
      512,
      [
        { x: 1, y: 1, weight: 0.6 },
        { x: um(1.5), y: um(1.5), weight: 0.7 },
        { x: um(5), y: um(5), weight: 0.6 },
      ],
      seed + 203,
    ),
  }
}

/** Stain of one pixel, written by `stainAt` and read at once: no allocation per pixel. */
const stain = { haematoxylin: 0, eosin: 0 }

/** Collagen: bundles along the fibres with empty clefts between them, looser near infiltrates. */
function stroma(fibre: number, grain: number, tone: number, lymphoid: number): void {
  const cleft = smoothstep(-1.75, -0.75, fibre + 0.06 * grain - 0.35 * lymphoid + (tone - 1) * 2.2)
  stain.eosin = (0.3 * tone + 0.095 * fibre + 0.022 * grain) * (0.08 + 0.92 * cleft)
  stain.haematoxylin = (0.055 + 0.02 * fibre + 0.06 * lymphoid) * (0.3 + 0.7 * cleft)
}

function mix(weight: number, haematoxylin: number, eosin: number): void {
  stain.haematoxylin += (haematoxylin - stain.haematoxylin) * weight
  stain.eosin += (eosin - stain.eosin) * weight
}

/** Cytoplasm of glands (with pale mucus towards the lumen) and of tumour nests, then the lumen. */
function epithelium(gland: number, lumen: number, solid: number, grain: number, tone: number): void {
  const inside = smoothstep(-1, 0.8, -gland)
  const retraction = solid * smoothstep(3.2, 1.6, gland) * smoothstep(-0.3, 0.6, gland) * 0.55
  if (retraction > 0) mix(retraction, 0, 0)
  if (inside === 0) return
  const mucus = (1 - solid) * smoothstep(13, 5, lumen)
  const haematoxylin = 0.15 + 0.07 * solid + 0.022 * grain - 0.03 * mucus
  mix(inside, haematoxylin * tone, (0.27 + 0.035 * grain - 0.13 * mucus) * tone)
  if (lumen < 1.2) {
    const brush = smoothstep(-1.6, 0.2, lumen) * 0.14
    mix(smoothstep(1, -1, lumen), 0.01 + brush * 0.3, 0.015 + brush)
  }
}

const signed = (t: Texture, x: number, y: number) =>
  ((t.values[(y & t.mask) * t.size + (x & t.mask)] as number) - 128) / 64

/** Left and right values of a grid cell's row of pixels, per field. */
const left = new Float64Array(FIELDS)
const slope = new Float64Array(FIELDS)

function rowOfCell(samples: Samples, at: number, v: number): void {
  const { values, columns, step } = samples
  const below = at + columns * FIELDS
  for (let f = 0; f < FIELDS; f++) {
    const a = (values[at + f] as number) * (1 - v) + (values[below + f] as number) * v
    const b = (values[at + FIELDS + f] as number) * (1 - v) + (values[below + FIELDS + f] as number) * v
    left[f] = a
    slope[f] = (b - a) / step
  }
}

const value = (field: number, i: number) => (left[field] as number) + (slope[field] as number) * i

/** Keeps coordinates positive, so that cutting off the fraction rounds down everywhere; a multiple of every texture. */
const POSITIVE = 2 ** 24

/** Pixels `from` to `to` of one row of a grid cell that touches tissue, counted from the cell's left node. */
function stainRow(
  plane: Plane,
  textures: Textures,
  pixelsPerMicrometre: number,
  start: number,
  y: number,
  from: number,
  to: number,
): void {
  let at = start
  let x = plane.x + (start % plane.width)
  for (let i = from; i < to; i++, at++, x++) {
    const grain = signed(textures.grain, x, y)
    const along = (value(FIELD.along, i) * pixelsPerMicrometre + POSITIVE) | 0
    const across = (value(FIELD.across, i) * pixelsPerMicrometre + POSITIVE) | 0
    const fibre = signed(textures.fibre, along, across)
    const tone = value(FIELD.tone, i)
    const gland = value(FIELD.gland, i)
    stroma(fibre, grain, tone, value(FIELD.lymphoid, i))
    if (gland < 4) epithelium(gland, value(FIELD.lumen, i), value(FIELD.solid, i), grain, tone)
    const fat = value(FIELD.fat, i)
    if (fat > -1) mix(smoothstep(-0.7, 0.7, fat), 0.004, 0.012)
    const cover = smoothstep(-1.2, 1.6, value(FIELD.tissue, i) + 2.2 * fibre)
    plane.haematoxylin[at] = stain.haematoxylin * cover
    plane.eosin[at] = stain.eosin * cover
    plane.light[at] = value(FIELD.light, i)
  }
}

/** Fibres reach this far beyond the outline, µm. */
const GLASS = -6

/** True when no corner of a grid cell is near tissue. */
function isGlass(samples: Samples, at: number): boolean {
  const { values, columns } = samples
  const below = at + columns * FIELDS
  return (
    (values[at] as number) < GLASS &&
    (values[at + FIELDS] as number) < GLASS &&
    (values[below] as number) < GLASS &&
    (values[below + FIELDS] as number) < GLASS
  )
}

/** The same for a cell of bare glass. */
function lightRow(
  plane: Plane,
  samples: Samples,
  node: number,
  v: number,
  start: number,
  from: number,
  to: number,
): void {
  const { values, columns, step } = samples
  const at = node + FIELD.light
  const below = at + columns * FIELDS
  const a = (values[at] as number) * (1 - v) + (values[below] as number) * v
  const b = (values[at + FIELDS] as number) * (1 - v) + (values[below + FIELDS] as number) * v
  for (let i = from; i < to; i++) plane.light[start + i - from] = a + ((b - a) / step) * i
}

/** Lays down everything but the cells' nuclei. */
export function stainTissue(plane: Plane, samples: Samples, textures: Textures, mpp: number): void {
  const { step } = samples
  for (let row = 0; row < plane.height; row++) {
    const y = plane.y + row
    const j = Math.floor(y / step)
    const v = y / step - j
    for (let x = plane.x; x < plane.x + plane.width; ) {
      const i = Math.floor(x / step)
      const end = Math.min((i + 1) * step, plane.x + plane.width)
      const node = ((j - samples.row) * samples.columns + (i - samples.column)) * FIELDS
      const at = row * plane.width + (x - plane.x)
      if (isGlass(samples, node)) lightRow(plane, samples, node, v, at, x - i * step, end - i * step)
      else {
        rowOfCell(samples, node, v)
        stainRow(plane, textures, 1 / mpp, at, y, x - i * step, end - i * step)
      }
      x = end
    }
  }
}
