import { FIELD, fieldAt, type Samples, slopeOf } from './fields.ts'
import { random, smoothstep } from './noise.ts'
import type { Plane, Textures } from './tissue.ts'

/** A stained body; lengths in µm, positions in level-0 pixels. */
interface Cell {
  x: number
  y: number
  /** Half axes. */
  long: number
  short: number
  angle: number
  haematoxylin: number
  eosin: number
  /** 0 smooth, 1 coarse chromatin. */
  clumps: number
  /** Extra density of the nuclear membrane. */
  rim: number
  nucleolus: boolean
  /** Pale zone around, as a factor of eosin: 1 none. */
  halo: number
  seed: number
}

/** What may grow on one jittered lattice: asked at each of its points. */
interface Population {
  /** Lattice constant, µm. */
  pitch: number
  salt: number
  cellAt(samples: Samples, x: number, y: number, chance: (k: number) => number): Partial<Cell> | null
}

const lymphocyte = (r: (k: number) => number): Partial<Cell> => ({
  long: 2.9 + 0.7 * r(5),
  short: 2.7 + 0.5 * r(6),
  angle: r(7) * Math.PI,
  haematoxylin: 0.8 + 0.35 * r(8),
  eosin: 0.3,
  clumps: 0.55,
  halo: 0.8,
})

/** Columnar cells of glands: one or two rows of upright nuclei on the basement membrane. */
const columnar: Population = {
  pitch: 6.4,
  salt: 1,
  cellAt(samples, x, y, r) {
    const gland = fieldAt(samples, FIELD.gland, x, y)
    if (gland > -2.2) return crowd(samples, x, y, gland, r)
    if (fieldAt(samples, FIELD.solid, x, y) > 0.5 || fieldAt(samples, FIELD.lumen, x, y) < 5) return null
    const depth = -gland
    if (depth > 9.5 + 4 * r(1)) return r(2) < 0.03 ? lymphocyte(r) : null
    if (r(3) < 0.06) return null
    return {
      long: 4 + 1.5 * r(5),
      short: 2.1 + 0.7 * r(6),
      angle: slopeOf(samples, FIELD.gland, x, y) + (r(7) - 0.5) * 0.5,
      haematoxylin: 0.62 + 0.3 * r(8),
      eosin: 0.27,
      clumps: 0.5,
      rim: 0.2,
    }
  },
}

/** Lymphocytes between collagen, dense in infiltrates. */
function crowd(samples: Samples, x: number, y: number, gland: number, r: (k: number) => number): Partial<Cell> | null {
  if (gland < 3 || fieldAt(samples, FIELD.fat, x, y) > -2) return null
  const lymphoid = fieldAt(samples, FIELD.lymphoid, x, y)
  return r(1) < 0.012 + 0.78 * lymphoid * lymphoid ? lymphocyte(r) : null
}

/** Tumour cells in solid nests: large, uneven, vesicular, with nucleoli and now and then a mitosis. */
const tumour: Population = {
  pitch: 9.6,
  salt: 2,
  cellAt(samples, x, y, r) {
    if (fieldAt(samples, FIELD.gland, x, y) > -3.4 || fieldAt(samples, FIELD.solid, x, y) < 0.5) return null
    if (fieldAt(samples, FIELD.lumen, x, y) < 4 || r(1) < 0.1) return null
    if (r(2) < 0.007) return { long: 4.6, short: 1.5, angle: r(7) * 6, haematoxylin: 1.6, clumps: 0.9, halo: 0.6 }
    const size = 3.5 + 1.9 * r(5) * r(6) + 0.5 * r(9)
    return {
      long: size * (1.02 + 0.4 * r(4)),
      short: size * 0.94,
      angle: r(7) * Math.PI,
      haematoxylin: 0.4 + 0.38 * r(8),
      eosin: 0.28,
      clumps: 0.85,
      rim: 0.34,
      nucleolus: r(10) < 0.6,
    }
  },
}

/** Fibroblasts along the fibres, and red cells strewn where vessels were cut. */
const stromal: Population = {
  pitch: 12.5,
  salt: 3,
  cellAt(samples, x, y, r) {
    if (fieldAt(samples, FIELD.gland, x, y) < 3.5 || fieldAt(samples, FIELD.fat, x, y) > -1.4) return null
    if (r(1) > 0.5) return null
    const angle = slopeOf(samples, FIELD.across, x, y) + Math.PI / 2 + (r(7) - 0.5) * 0.35
    if (r(2) < 0.12) return plasmaCell(r)
    return {
      long: 4.6 + 3.6 * r(5),
      short: 0.95 + 0.75 * r(6),
      angle,
      haematoxylin: 0.7 + 0.35 * r(8),
      eosin: 0.3,
      clumps: 0.35,
    }
  },
}

const plasmaCell = (r: (k: number) => number): Partial<Cell> => ({
  ...lymphocyte(r),
  long: 3.4,
  short: 3,
  clumps: 1,
  halo: 1,
})

const populations = [stromal, columnar, tumour]

/** How far from its lattice point, plus its own length, a cell may reach: µm. */
export const CELL_REACH = 16

const PLAIN: Cell = {
  x: 0,
  y: 0,
  long: 3,
  short: 3,
  angle: 0,
  haematoxylin: 0.7,
  eosin: 0.3,
  clumps: 0.5,
  rim: 0,
  nucleolus: false,
  halo: 1,
  seed: 0,
}

/** Blends one cell into the plane. The outline is an ellipse made uneven by the chromatin texture at low frequency. */
function stamp(plane: Plane, textures: Textures, mpp: number, cell: Cell): void {
  const reach = (cell.long * 1.35 + 1) / mpp
  const x0 = Math.max(plane.x, Math.floor(cell.x - reach))
  const x1 = Math.min(plane.x + plane.width, Math.ceil(cell.x + reach))
  const y0 = Math.max(plane.y, Math.floor(cell.y - reach))
  const y1 = Math.min(plane.y + plane.height, Math.ceil(cell.y + reach))
  const c = (Math.cos(cell.angle) * mpp) / cell.long
  const n = (Math.sin(cell.angle) * mpp) / cell.long
  const stretch = cell.long / cell.short
  // The blur of the optics, about 0.5 µm, in units of the shorter half axis.
  const soft = 0.34 / cell.short
  const ox = cell.seed & 255
  const oy = (cell.seed >>> 8) & 255
  const { chromatin } = textures
  const { haematoxylin, eosin, width } = plane
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const dx = x + 0.5 - cell.x
      const dy = y + 0.5 - cell.y
      const u = dx * c + dy * n
      const v = (dy * c - dx * n) * stretch
      const q = u * u + v * v
      if (q > 2.1) continue
      // A quarter of the texture's frequency gives dents, its full frequency chromatin.
      const dent = (chromatin.values[(((y >> 2) + oy) & 255) * 256 + (((x >> 2) + ox) & 255)] as number) - 128
      const r = Math.sqrt(q) + dent * 0.0007 + u * v * 0.12
      const body = 1 - smoothstep(1 - soft, 1 + soft, r)
      const at = (y - plane.y) * width + (x - plane.x)
      if (cell.halo < 1) eosin[at] = (eosin[at] as number) * (1 - (1 - cell.halo) * smoothstep(1.42, 1.08, r))
      if (body === 0) continue
      const clump = ((chromatin.values[((y + oy) & 255) * 256 + ((x + ox) & 255)] as number) - 128) / 128
      let density = cell.haematoxylin * (1 + 0.75 * cell.clumps * clump)
      if (cell.rim > 0) density += cell.rim * smoothstep(0.62, 0.92, r)
      if (cell.nucleolus) {
        const a = u - 0.24
        const b = v + 0.18
        density += 0.55 * (1 - smoothstep(0.12, 0.3, Math.sqrt(a * a + b * b)))
      }
      haematoxylin[at] = (haematoxylin[at] as number) * (1 - body) + density * body
      eosin[at] = (eosin[at] as number) * (1 - body) + cell.eosin * body
    }
  }
}

/** Draws every cell that touches the plane. `samples` must reach `2 * CELL_REACH` beyond it. */
export function stainCells(plane: Plane, samples: Samples, textures: Textures, mpp: number, seed: number): void {
  for (const population of populations) {
    const pitch = population.pitch / mpp
    const margin = CELL_REACH / mpp
    const salt = seed + 300 + population.salt * 53
    const lastRow = Math.floor((plane.y + plane.height + margin) / pitch)
    const lastColumn = Math.floor((plane.x + plane.width + margin) / pitch)
    for (let j = Math.floor((plane.y - margin) / pitch); j <= lastRow; j++) {
      for (let i = Math.floor((plane.x - margin) / pitch); i <= lastColumn; i++) {
        const x = (i + 0.5 + (random(i, j, salt) - 0.5) * 0.7) * pitch
        const y = (j + 0.5 + (random(i, j, salt + 1) - 0.5) * 0.7) * pitch
        if (fieldAt(samples, FIELD.tissue, x, y) < 3) continue
        const found = population.cellAt(samples, x, y, k => random(i, j, salt + 1 + k))
        if (found) stamp(plane, textures, mpp, { ...PLAIN, ...found, x, y, seed: (i * 7919 + j * 104729) >>> 0 })
      }
    }
  }
}
