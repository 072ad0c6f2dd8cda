import { FATTY, fatty, glandular, malignancy } from './compartments.ts'
import { lattice } from './lattice.ts'
import { noise, random } from './noise.ts'

/** Edge of the square in which one gland or nest of tumour may sit, µm. */
const PITCH = 118

/** No gland reaches further from its centre, µm. */
const REACH = 190

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
}

function glandOf(i: number, j: number, seed: number): Gland | null {
  const r = (k: number) => random(i, j, seed + 71 + k)
  const x = (i + 0.5 + (r(0) - 0.5) * 0.75) * PITCH
  const y = (j + 0.5 + (r(1) - 0.5) * 0.75) * PITCH
  if (glandular(x, y, seed) < r(2) * 0.35 || fatty(x, y, seed) > FATTY + 0.06) return null
  const solid = malignancy(x, y, seed) > 0.15 + 0.7 * r(3) ? 1 : 0
  const angle = r(4) * Math.PI
  const cribriform = solid === 1 && r(9) < 0.3
  return {
    x,
    y,
    cos: Math.cos(angle),
    sin: Math.sin(angle),
    stretch: Math.sqrt(1 + r(5) * (solid ? 1.2 : 0.9)),
    size: solid ? 46 + 34 * r(6) : 31 + 22 * r(6),
    solid,
    thickness: solid ? (cribriform ? 26 : 300) : 19 + 9 * r(10),
    lobeX: i * 7.3,
    lobeY: j * 5.1,
  }
}

/** Distance to a gland's basement membrane, µm, negative inside: an ellipse with lobes and folds. */
function distanceTo(gland: Gland, x: number, y: number, fold: number, seed: number): number {
  const dx = x - gland.x
  const dy = y - gland.y
  if (dx * dx + dy * dy > REACH * REACH) return REACH
  const u = (dx * gland.cos + dy * gland.sin) / gland.stretch
  const v = (dy * gland.cos - dx * gland.sin) * gland.stretch
  const reach = Math.sqrt(u * u + v * v) + 0.01
  const lobe = noise((u / reach) * 1.4 + gland.lobeX, (v / reach) * 1.4 + gland.lobeY, seed + 78)
  return reach - gland.size * (1 + 0.26 * lobe) + fold * (gland.solid ? 6 : 3.2)
}

export interface GlandPlace {
  /** Distance to the nearest basement membrane, µm, negative inside, at most 90. */
  gland: number
  /** Distance to the nearest lumen, µm, negative inside. */
  lumen: number
  solid: number
}

/** Returns the function that sets a place's gland fields. */
export function createGlands(seed: number): (x: number, y: number, into: GlandPlace) => void {
  const glands = lattice((i, j) => glandOf(i, j, seed))
  return (x, y, into) => {
    const i = Math.floor(x / PITCH)
    const j = Math.floor(y / PITCH)
    const fold = noise(x / 19, y / 19, seed + 79)
    let first = 1e3
    let second = 1e3
    let nearest: Gland | null = null
    for (let b = j - 1; b <= j + 1; b++) {
      for (let a = i - 1; a <= i + 1; a++) {
        const gland = glands(a, b)
        if (!gland) continue
        const distance = distanceTo(gland, x, y, fold, seed)
        if (distance < first) {
          second = first
          first = distance
          nearest = gland
        } else if (distance < second) second = distance
      }
    }
    into.gland = Math.min(90, Math.max(first, (SEPTUM - (second - first)) / 2))
    into.lumen = into.gland + (nearest?.thickness ?? 300) + 5 * noise(x / 13, y / 13, seed + 85)
    into.solid = nearest?.solid ?? 0
  }
}
