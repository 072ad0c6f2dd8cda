import { lamp, lymphoid, tone } from './compartments.ts'
import { createFat, NO_FAT } from './fat.ts'
import { createGlands, FAR, type GlandPlace } from './glands.ts'
import { noise, random, smoothstep } from './noise.ts'
import { arrangePieces, tissueDistance } from './pieces.ts'

/** One point's surroundings; distances in µm. */
export interface Place extends GlandPlace {
  /** Distance to the tissue's outline, positive inside the tissue. */
  tissue: number
  /** Distance to the wall of the fat cell around, positive inside it. */
  fat: number
  /** Coordinates across and along the collagen fibres. */
  across: number
  along: number
  /** 0 to 1: how crowded with lymphocytes. */
  lymphoid: number
  /** About 1: how strongly the stains took here. */
  tone: number
  /** About 1: brightness of the lamp. */
  light: number
}

/**
 * What lies where on the glass. All of it is smooth on the scale of a few micrometres; `fields.ts` samples it on a grid
 * and `tissue.ts` interpolates.
 */
export interface Anatomy {
  /** Fills `into` with what lies at a point (µm). */
  placeAt(x: number, y: number, into: Place): void
}

/** Further than this outside the tissue, µm, nothing but the lamp matters. */
const OUTSIDE = -70

/** @param width, height extent of the glass, µm */
export function createAnatomy(width: number, height: number, seed: number): Anatomy {
  const pieces = arrangePieces(width, height, seed)
  const setGland = createGlands(seed)
  const fatAt = createFat(seed)
  const setFibres = createFibres(random(5, 5, seed) * Math.PI, seed)
  return {
    placeAt(x, y, into) {
      into.light = lamp(x, y, seed)
      into.tissue = tissueDistance(pieces, x, y, seed)
      if (into.tissue < OUTSIDE) {
        Object.assign(into, NOWHERE)
        return
      }
      setGland(x, y, into)
      into.fat = Math.min(fatAt(x, y), into.gland - 13)
      setFibres(x, y, into)
      into.lymphoid = lymphoid(x, y, seed) * smoothstep(0, 30, into.tissue)
      into.tone = tone(x, y, seed)
    },
  }
}

const NOWHERE = { gland: FAR, lumen: FAR + 300, solid: 0, fat: NO_FAT, across: 0, along: 0, lymphoid: 0, tone: 1 }

/** The run of the fibres: a main direction (radians), long waves, and a wrapping around glands. */
function createFibres(direction: number, seed: number): (x: number, y: number, into: Place) => void {
  const s = seed + 111
  const c = Math.cos(direction)
  const n = Math.sin(direction)
  return (x, y, into) => {
    const wrap = 34 * Math.exp(-Math.max(0, into.gland) / 22)
    const waves =
      190 * noise(x / 420, y / 420, s) + 34 * noise(x / 110, y / 110, s + 1) + 6 * noise(x / 31, y / 31, s + 2)
    into.across = y * c - x * n + waves + wrap
    into.along = x * c + y * n + 150 * noise(x / 400, y / 400, s + 3) + 16 * noise(x / 60, y / 60, s + 4)
  }
}
