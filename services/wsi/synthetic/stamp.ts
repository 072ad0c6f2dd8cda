import { smoothstep } from './noise.ts'
import type { Plane, Textures } from './tissue.ts'

/** A stained body; lengths in µm, positions in level-0 pixels. */
export interface Cell {
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

/** A plain nucleus, for what a kind of cell leaves open. */
export const PLAIN: Cell = {
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
export function stamp(plane: Plane, textures: Textures, mpp: number, cell: Cell): void {
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
