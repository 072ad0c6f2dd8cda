import { bleeding } from './compartments.ts'
import { FIELD, fieldAt, type Samples, slopeOf } from './fields.ts'
import { random } from './noise.ts'
import { type Cell, PLAIN, stamp } from './stamp.ts'
import type { Plane, Textures } from './tissue.ts'

/** A point, in level-0 pixels, at which a cell may lie. */
interface Site {
  x: number
  y: number
  samples: Samples
  mpp: number
  seed: number
}

/** Uniform in [0,1); the same number for the same site and key. */
type Chance = (key: number) => number

const at = (site: Site, field: number) => fieldAt(site.samples, field, site.x, site.y)
const slopeAt = (site: Site, field: number) => slopeOf(site.samples, field, site.x, site.y)

/** What may grow on one jittered lattice: asked at each of its points. */
interface Population {
  /** Lattice constant, µm. */
  pitch: number
  salt: number
  cellAt(site: Site, chance: Chance): Partial<Cell> | null
}

const lymphocyte = (r: Chance): Partial<Cell> => ({
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
  cellAt(site, r) {
    const gland = at(site, FIELD.gland)
    if (gland > -2.2) return crowd(site, gland, r)
    if (at(site, FIELD.solid) > 0.5 || at(site, FIELD.lumen) < 5) return null
    const depth = -gland
    if (depth > 9.5 + 4 * r(1)) return r(2) < 0.03 ? lymphocyte(r) : null
    if (r(3) < 0.06) return null
    return {
      long: 4 + 1.5 * r(5),
      short: 2.1 + 0.7 * r(6),
      angle: slopeAt(site, FIELD.gland) + (r(7) - 0.5) * 0.5,
      haematoxylin: 0.62 + 0.3 * r(8),
      eosin: 0.27,
      clumps: 0.5,
      rim: 0.2,
    }
  },
}

/** Lymphocytes between collagen, dense in infiltrates; red cells where vessels bled. */
function crowd(site: Site, gland: number, r: Chance): Partial<Cell> | null {
  if (gland < 3 || at(site, FIELD.fat) > -2) return null
  const lymphoid = at(site, FIELD.lymphoid)
  if (r(1) < 0.012 + 0.78 * lymphoid * lymphoid) return lymphocyte(r)
  return r(2) < 0.85 * bleeding(site.x * site.mpp, site.y * site.mpp, site.seed) ? redCell(r) : null
}

/** Red cells: no nucleus, strong eosin, 7 µm across, some seen from the side. */
const redCell = (r: Chance): Partial<Cell> => ({
  long: 3.3 + 0.5 * r(5),
  short: 2.1 + 1.3 * r(6),
  angle: r(7) * Math.PI,
  haematoxylin: 0.02,
  eosin: 0.52 + 0.2 * r(8),
  clumps: 0,
})

/** Tumour cells in solid nests: large, uneven, vesicular, with nucleoli and now and then a mitosis. */
const tumour: Population = {
  pitch: 9.6,
  salt: 2,
  cellAt(site, r) {
    if (at(site, FIELD.gland) > -3.4 || at(site, FIELD.solid) < 0.5) return null
    if (at(site, FIELD.lumen) < 4 || r(1) < 0.1) return null
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

/** Fibroblasts along the fibres, a plasma cell here and there. */
const stromal: Population = {
  pitch: 12.5,
  salt: 3,
  cellAt(site, r) {
    if (at(site, FIELD.gland) < 3.5 || at(site, FIELD.fat) > -1.4) return null
    if (r(1) > 0.5) return null
    const angle = slopeAt(site, FIELD.across) + Math.PI / 2 + (r(7) - 0.5) * 0.35
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

const plasmaCell = (r: Chance): Partial<Cell> => ({
  ...lymphocyte(r),
  long: 3.4,
  short: 3,
  clumps: 1,
  halo: 1,
})

const populations = [stromal, columnar, tumour]

/** How far from its lattice point, plus its own length, a cell may reach: µm. */
export const CELL_REACH = 16

/** Draws every cell that touches the plane. `samples` must reach `2 * CELL_REACH` beyond it. */
export function stainCells(plane: Plane, samples: Samples, textures: Textures, mpp: number, seed: number): void {
  const site: Site = { x: 0, y: 0, samples, mpp, seed }
  for (const population of populations) {
    const pitch = population.pitch / mpp
    const margin = CELL_REACH / mpp
    const salt = seed + 300 + population.salt * 53
    const lastRow = Math.floor((plane.y + plane.height + margin) / pitch)
    const lastColumn = Math.floor((plane.x + plane.width + margin) / pitch)
    for (let j = Math.floor((plane.y - margin) / pitch); j <= lastRow; j++) {
      for (let i = Math.floor((plane.x - margin) / pitch); i <= lastColumn; i++) {
        site.x = (i + 0.5 + (random(i, j, salt) - 0.5) * 0.7) * pitch
        site.y = (j + 0.5 + (random(i, j, salt + 1) - 0.5) * 0.7) * pitch
        if (at(site, FIELD.tissue) < 3) continue
        const found = population.cellAt(site, k => random(i, j, salt + 1 + k))
        if (found)
          stamp(plane, textures, mpp, { ...PLAIN, ...found, x: site.x, y: site.y, seed: (i * 7919 + j * 104729) >>> 0 })
      }
    }
  }
}
