import { noise, random, smoothstep } from './noise.ts'

/**
 * What lies where on the glass, in micrometres: pieces of tissue, glands and nests of tumour, fat, lymphoid
 * infiltrates, the run of collagen fibres. All of it is smooth on the scale of a few micrometres; `fields.ts` samples
 * it on a grid and `tissue.ts` interpolates.
 */
export interface Anatomy {
  /** Extent of the glass, µm. */
  readonly width: number
  readonly height: number
  readonly seed: number
  readonly pieces: Piece[]
  /** Main direction of collagen fibres, radians. */
  readonly grain: number
}

interface Piece {
  x: number
  y: number
  radiusX: number
  radiusY: number
  cos: number
  sin: number
  seed: number
}

/** One point's surroundings; distances in µm, negative inside unless said otherwise. */
export interface Place {
  /** Distance to the tissue's outline, positive inside the tissue. */
  tissue: number
  /** Distance to the basement membrane of the nearest gland or nest. */
  gland: number
  /** Distance to the nearest lumen. */
  lumen: number
  /** 0 for a gland with a lumen, 1 for a solid nest of tumour. */
  solid: number
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

/** Arranges `count` pieces along the longer side of the glass and scatters two fragments. */
export function createAnatomy(width: number, height: number, seed: number): Anatomy {
  const count = 1 + Math.floor(random(1, 2, seed) * 2.3)
  const wide = width >= height
  const pieces: Piece[] = []
  for (let i = 0; i < count + 2; i++) {
    const fragment = i >= count
    const r = (k: number) => random(i, k, seed + 17)
    const lengthwise = fragment ? 0.08 + 0.84 * r(1) : (i + 0.5 + (r(1) - 0.5) * 0.2) / count
    const sideways = fragment ? (r(2) < 0.5 ? 0.07 : 0.93) : 0.5 + (r(2) - 0.5) * 0.14
    const shrink = fragment ? 0.09 + 0.05 * r(3) : 1
    const long = shrink * Math.min((0.4 + 0.06 * r(4)) / (fragment ? 1 : count), 0.4)
    const cross = shrink * (0.33 + 0.1 * r(5))
    const angle = (r(6) - 0.5) * 0.5
    pieces.push({
      x: width * (wide ? lengthwise : sideways),
      y: height * (wide ? sideways : lengthwise),
      radiusX: width * (wide ? long : cross),
      radiusY: height * (wide ? cross : long),
      cos: Math.cos(angle),
      sin: Math.sin(angle),
      seed: seed + 1000 + i * 31,
    })
  }
  return { width, height, seed, pieces, grain: random(5, 5, seed) * Math.PI }
}

/** Outline of one piece: a rounded block, pushed in and out by noise from its own size down to ragged fibres. */
function pieceDistance(piece: Piece, x: number, y: number): number {
  const size = Math.min(piece.radiusX, piece.radiusY)
  const dx = x - piece.x
  const dy = y - piece.y
  const u = (dx * piece.cos + dy * piece.sin) / piece.radiusX
  const v = (dy * piece.cos - dx * piece.sin) / piece.radiusY
  const radius = Math.sqrt(Math.sqrt(u * u * u * u + v * v * v * v + u * u * v * v))
  if (radius > 1.9) return (1.5 - radius) * size
  const nx = dx / size
  const ny = dy / size
  const bulge =
    0.2 * noise(nx * 1.3, ny * 1.3, piece.seed) +
    0.11 * noise(nx * 3.1, ny * 3.1, piece.seed + 1) +
    0.055 * noise(nx * 7.3, ny * 7.3, piece.seed + 2)
  return (1 - radius + bulge) * size
}

/** Cracks and folds where the section tore: narrow, long and rare. */
function tear(anatomy: Anatomy, x: number, y: number): number {
  const where = noise(x / 900, y / 900, anatomy.seed + 41)
  if (where < 0.25) return 0
  const ridge = Math.abs(noise(x / 420 + 0.4 * noise(x / 110, y / 110, anatomy.seed + 43), y / 420, anatomy.seed + 42))
  return (1 - smoothstep(0, 0.05, ridge)) * smoothstep(0.25, 0.6, where) * 60
}

function tissueDistance(anatomy: Anatomy, x: number, y: number): number {
  let distance = -1e6
  for (const piece of anatomy.pieces) distance = Math.max(distance, pieceDistance(piece, x, y))
  if (distance < -40) return distance
  const ragged =
    14 * noise(x / 70, y / 70, anatomy.seed + 31) +
    7 * noise(x / 24, y / 24, anatomy.seed + 32) +
    4 * noise(x / 9, y / 9, anatomy.seed + 33)
  return Math.min(distance, 400) + ragged - tear(anatomy, x, y)
}

/** Edge of the square in which one gland or nest may sit, µm. */
const GLAND_PITCH = 118

/** How far malignancy has gone at a point: 0 normal glands, 1 solid nests. */
function malignancy(anatomy: Anatomy, x: number, y: number): number {
  const field = noise(x / 1700, y / 1700, anatomy.seed + 51) + 0.35 * noise(x / 500, y / 500, anatomy.seed + 52)
  return smoothstep(-0.02, 0.22, field)
}

function glandular(anatomy: Anatomy, x: number, y: number): number {
  return noise(x / 1300, y / 1300, anatomy.seed + 53) + 0.4 * noise(x / 380, y / 380, anatomy.seed + 54) + 0.22
}

function fatty(anatomy: Anatomy, x: number, y: number): number {
  return noise(x / 1100, y / 1100, anatomy.seed + 61) + 0.3 * noise(x / 260, y / 260, anatomy.seed + 62)
}

interface GlandHit {
  distance: number
  solid: number
  thickness: number
}

/** Distance to the wall of the gland of one square, or null when the square has none. */
function glandOf(anatomy: Anatomy, i: number, j: number, x: number, y: number): GlandHit | null {
  const s = anatomy.seed + 71
  const cx = (i + 0.5 + (random(i, j, s) - 0.5) * 0.75) * GLAND_PITCH
  const cy = (j + 0.5 + (random(i, j, s + 1) - 0.5) * 0.75) * GLAND_PITCH
  const dx = x - cx
  const dy = y - cy
  if (dx * dx + dy * dy > 190 * 190) return null
  if (glandular(anatomy, cx, cy) < random(i, j, s + 2) * 0.35 || fatty(anatomy, cx, cy) > 0.32) return null
  const solid = malignancy(anatomy, cx, cy) > 0.15 + 0.7 * random(i, j, s + 3) ? 1 : 0
  const angle = random(i, j, s + 4) * Math.PI
  const aspect = 1 + random(i, j, s + 5) * (solid ? 1.2 : 0.9)
  const c = Math.cos(angle)
  const n = Math.sin(angle)
  const u = (dx * c + dy * n) / Math.sqrt(aspect)
  const v = (dy * c - dx * n) * Math.sqrt(aspect)
  const reach = Math.sqrt(u * u + v * v) + 0.01
  const size = solid ? 46 + 34 * random(i, j, s + 6) : 31 + 22 * random(i, j, s + 6)
  const lobe = noise((u / reach) * 1.4 + i * 7.3, (v / reach) * 1.4 + j * 5.1, s + 7)
  const fold = noise(x / 19, y / 19, s + 8)
  const distance = reach - size * (1 + 0.26 * lobe) + fold * (solid ? 6 : 3.2)
  const cribriform = solid && random(i, j, s + 9) < 0.3
  const thickness = solid ? (cribriform ? 26 : 300) : 19 + 9 * random(i, j, s + 10)
  return { distance, solid, thickness }
}

/**
 * The nearest gland wall. Where two glands come close, stroma of at least `SEPTUM` is kept between them, as if each
 * stopped before the line half way to the other.
 */
const SEPTUM = 11

function nearestGland(anatomy: Anatomy, x: number, y: number, into: Place): void {
  const i = Math.floor(x / GLAND_PITCH)
  const j = Math.floor(y / GLAND_PITCH)
  let first = 1e3
  let second = 1e3
  into.solid = 0
  let thickness = 300
  for (let b = j - 1; b <= j + 1; b++) {
    for (let a = i - 1; a <= i + 1; a++) {
      const hit = glandOf(anatomy, a, b, x, y)
      if (!hit) continue
      if (hit.distance < first) {
        second = first
        first = hit.distance
        into.solid = hit.solid
        thickness = hit.thickness
      } else if (hit.distance < second) second = hit.distance
    }
  }
  into.gland = Math.min(90, Math.max(first, (SEPTUM - (second - first)) / 2))
  into.lumen = into.gland + thickness + 5 * noise(x / 13, y / 13, anatomy.seed + 85)
}

const FAT_PITCH = 68

/** Fat cells: rounded Voronoi cells of about 70 µm, filled by what the solvents washed out. */
function fatDistance(anatomy: Anatomy, x: number, y: number): number {
  if (fatty(anatomy, x, y) < 0.12) return -20
  const i = Math.floor(x / FAT_PITCH)
  const j = Math.floor(y / FAT_PITCH)
  const s = anatomy.seed + 91
  let first = 1e9
  let second = 1e9
  let filled = false
  for (let b = j - 2; b <= j + 2; b++) {
    for (let a = i - 2; a <= i + 2; a++) {
      const cx = (a + 0.5 + (random(a, b, s) - 0.5) * 0.8) * FAT_PITCH
      const cy = (b + 0.5 + (random(a, b, s + 1) - 0.5) * 0.8) * FAT_PITCH
      const distance = Math.hypot(x - cx, y - cy)
      if (distance < first) {
        second = first
        first = distance
        filled = fatty(anatomy, cx, cy) > 0.26
      } else if (distance < second) second = distance
    }
  }
  return filled ? Math.min((second - first) / 2 - 1.1, 47 - first) + 0.8 * noise(x / 12, y / 12, s + 3) : -20
}

/** The run of the fibres: a main direction, long waves, and a wrapping around glands. */
function fibres(anatomy: Anatomy, x: number, y: number, into: Place): void {
  const s = anatomy.seed + 111
  const c = Math.cos(anatomy.grain)
  const n = Math.sin(anatomy.grain)
  const wrap = into.gland > 0 ? 34 * Math.exp(-into.gland / 22) : 34
  into.across =
    y * c -
    x * n +
    190 * noise(x / 420, y / 420, s) +
    34 * noise(x / 110, y / 110, s + 1) +
    wrap +
    6 * noise(x / 31, y / 31, s + 2)
  into.along = x * c + y * n + 150 * noise(x / 400, y / 400, s + 3) + 16 * noise(x / 60, y / 60, s + 4)
}

/** Fills `into` with what lies at a point (µm). Outside the tissue only `tissue` and `light` are set. */
export function placeAt(anatomy: Anatomy, x: number, y: number, into: Place): void {
  const s = anatomy.seed
  into.light = 1 + 0.006 * noise(x / 700, y / 700, s + 21)
  into.tissue = tissueDistance(anatomy, x, y)
  if (into.tissue < -30) return
  nearestGland(anatomy, x, y, into)
  into.fat = into.gland < 12 ? -20 : fatDistance(anatomy, x, y)
  fibres(anatomy, x, y, into)
  const crowd = noise(x / 330, y / 330, s + 22) + 0.35 * noise(x / 80, y / 80, s + 23)
  into.lymphoid = smoothstep(0.42, 0.8, crowd) * smoothstep(0, 30, into.tissue)
  into.tone = 1 + 0.13 * noise(x / 600, y / 600, s + 24) + 0.1 * noise(x / 150, y / 150, s + 25)
}
