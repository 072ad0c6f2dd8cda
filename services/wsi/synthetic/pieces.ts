import { noise, random, smoothstep } from './noise.ts'

/** A piece of tissue on the glass; lengths in µm. */
export interface Piece {
  x: number
  y: number
  radiusX: number
  radiusY: number
  cos: number
  sin: number
  seed: number
}

/** Arranges one to three pieces along the longer side of the glass and scatters two fragments. */
export function arrangePieces(width: number, height: number, seed: number): Piece[] {
  const count = 1 + Math.floor(random(1, 2, seed) * 2.3)
  const wide = width >= height
  return Array.from({ length: count + 2 }, (_, i) => {
    const fragment = i >= count
    const r = (k: number) => random(i, k, seed + 17)
    const lengthwise = fragment ? 0.08 + 0.84 * r(1) : (i + 0.5 + (r(1) - 0.5) * 0.2) / count
    const sideways = fragment ? (r(2) < 0.5 ? 0.07 : 0.93) : 0.5 + (r(2) - 0.5) * 0.14
    const shrink = fragment ? 0.09 + 0.05 * r(3) : 1
    const long = shrink * Math.min((0.36 + 0.05 * r(4)) / (fragment ? 1 : count), 0.37)
    const cross = shrink * (0.31 + 0.08 * r(5))
    const angle = (r(6) - 0.5) * 0.5
    return {
      x: width * (wide ? lengthwise : sideways),
      y: height * (wide ? sideways : lengthwise),
      radiusX: width * (wide ? long : cross),
      radiusY: height * (wide ? cross : long),
      cos: Math.cos(angle),
      sin: Math.sin(angle),
      seed: seed + 1000 + i * 31,
    }
  })
}

/** Outline of one piece: a rounded block, pushed in and out by noise of its own size and smaller. */
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

/** Cracks where the section tore: narrow, long and rare. Returns how far they eat into the tissue, µm. */
function tear(x: number, y: number, seed: number): number {
  const where = noise(x / 900, y / 900, seed + 41)
  if (where < 0.28) return 0
  const ridge = Math.abs(noise(x / 420 + 0.4 * noise(x / 110, y / 110, seed + 43), y / 420, seed + 42))
  return smoothstep(0.07, 0, ridge) * smoothstep(0.28, 0.42, where) * 45
}

/** Distance to the outline of all pieces, µm, positive inside, at most about 400; ragged down to single fibres. */
export function tissueDistance(pieces: Piece[], x: number, y: number, seed: number): number {
  let distance = -1e6
  for (const piece of pieces) distance = Math.max(distance, pieceDistance(piece, x, y))
  if (distance < -40) return distance
  const ragged =
    14 * noise(x / 70, y / 70, seed + 31) + 7 * noise(x / 24, y / 24, seed + 32) + 4 * noise(x / 9, y / 9, seed + 33)
  // Tears eat at most 45 µm: deeper inside than this they count in full.
  return Math.min(distance, 30 + distance / 1000) + ragged - tear(x, y, seed)
}
