import { FATTY, fatty, glandular, malignancy } from './compartments.ts'
import { lattice } from './lattice.ts'
import { noise, random } from './noise.ts'

/** Edge of the square in which one gland or nest of tumour may sit, µm. */
export const PITCH = 118

/** Further than this from every basement membrane, µm, it does not matter how far. */
export const FAR = 60

/** How far lobes push the outline out, as a share of the size, and folds at most, µm. */
const LOBE = 0.26
const FOLD = 6

/**
 * Stroma that is left between two glands, µm: each stops short of the line half way to the other.
 */
const SEPTUM = 11

interface Gland {
  x: number
  y: number
  cos: number
  sin: number
  stretch: number
  size: number
  /** 0 for a gland with a lumen, 1 for a nest of tumour. */
  solid: number
  /** Height of the epithelium; more than the size where there is no lumen. */
  thickness: number
  /** Where its own outline is read from the noise. */
  lobeX: number
  lobeY: number
  /** Half the shorter axis, before stretching, of the ellipse beyond which it is `FAR` away, µm. */
  outer: number
}

function glandOf(i: number, j: number, seed: number): Gland | null {
  const r = (k: number) => random(i, j, seed + 71 + k)
  const x = (i + 0.5 + (r(0) - 0.5) * 0.75) * PITCH
  const y = (j + 0.5 + (r(1) - 0.5) * 0.75) * PITCH
  if (glandular(x, y, seed) < r(2) * 0.35 || fatty(x, y, seed) > FATTY + 0.06) return null
  const solid = malignancy(x, y, seed) > 0.15 + 0.7 * r(3) ? 1 : 0
  const angle = r(4) * Math.PI
  const cribriform = solid === 1 && r(9) < 0.3
  const size = solid ? 46 + 34 * r(6) : 31 + 22 * r(6)
  return {
    x,
    y,
    cos: Math.cos(angle),
    sin: Math.sin(angle),
    stretch: Math.sqrt(1 + r(5) * (solid ? 1.2 : 0.9)),
    size,
    solid,
    thickness: solid ? (cribriform ? 26 : 300) : 19 + 9 * r(10),
    lobeX: i * 7.3,
    lobeY: j * 5.1,
    outer: FAR + size * (1 + LOBE) + FOLD,
  }
}

/** Distance to a gland's basement membrane, at most `FAR`, µm, negative inside: an ellipse with lobes and folds. */
function distanceTo(gland: Gland, x: number, y: number, fold: number, seed: number): number {
  const dx = x - gland.x
  const dy = y - gland.y
  const u = (dx * gland.cos + dy * gland.sin) / gland.stretch
  const v = (dy * gland.cos - dx * gland.sin) * gland.stretch
  if (u * u + v * v > gland.outer * gland.outer) return FAR
  const reach = Math.sqrt(u * u + v * v) + 0.01
  const lobe = noise((u / reach) * 1.4 + gland.lobeX, (v / reach) * 1.4 + gland.lobeY, seed + 78)
  return reach - gland.size * (1 + LOBE * lobe) + fold * (gland.solid ? FOLD : 3.2)
}

export interface GlandPlace {
  /** Distance to the nearest basement membrane, µm, negative inside, at most `FAR`. */
  gland: number
  /** Distance to the nearest lumen, µm, negative inside. */
  lumen: number
  solid: number
}

/** No gland is felt further from its own square than this many squares: 290 µm from the centre, at most. */
const NEIGHBOURS = 3

/** Whether a gland may be felt at some point of a square: were it left out there, the square's edge would cut it. */
function touches(gland: Gland, i: number, j: number): boolean {
  const dx = gland.x - Math.max(i * PITCH, Math.min(gland.x, (i + 1) * PITCH))
  const dy = gland.y - Math.max(j * PITCH, Math.min(gland.y, (j + 1) * PITCH))
  return Math.hypot(dx, dy) <= gland.outer * gland.stretch
}

/** Returns the function that lists all glands that may be felt in a square. */
function createNeighbourhoods(seed: number): (i: number, j: number) => Gland[] {
  const glands = lattice((i, j) => glandOf(i, j, seed))
  return lattice((i, j) => {
    const near: Gland[] = []
    for (let b = j - NEIGHBOURS; b <= j + NEIGHBOURS; b++) {
      for (let a = i - NEIGHBOURS; a <= i + NEIGHBOURS; a++) {
        const gland = glands(a, b)
        if (gland && touches(gland, i, j)) near.push(gland)
      }
    }
    return near
  })
}

/** Returns the function that sets a place's gland fields. */
export function createGlands(seed: number): (x: number, y: number, into: GlandPlace) => void {
  const glandsNear = createNeighbourhoods(seed)
  return (x, y, into) => {
    const fold = noise(x / 19, y / 19, seed + 79)
    let first = FAR
    let second = FAR
    let nearest: Gland | null = null
    for (const gland of glandsNear(Math.floor(x / PITCH), Math.floor(y / PITCH))) {
      const distance = distanceTo(gland, x, y, fold, seed)
      if (distance < first) {
        second = first
        first = distance
        nearest = gland
      } else if (distance < second) second = distance
    }
    into.gland = Math.max(first, (SEPTUM - (second - first)) / 2)
    into.lumen = into.gland + (nearest?.thickness ?? 300) + 5 * noise(x / 13, y / 13, seed + 85)
    into.solid = nearest?.solid ?? 0
  }
}
