/**
 * Seeded noise. Everything here is a pure function of position and seed, so that any part of a slide can be drawn
 * alone, in any worker, and fits its neighbours.
 */

/** 32 well-mixed bits for a lattice point (two rounds of the finaliser of MurmurHash3). */
export function hash(x: number, y: number, seed: number): number {
  let h = Math.imul(x | 0, 0x27d4eb2d) ^ Math.imul(y | 0, 0x165667b1) ^ Math.imul(seed | 0, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Uniform in [0,1). */
export function random(x: number, y: number, seed: number): number {
  return hash(x, y, seed) / 4294967296
}

/** Value noise in [-1,1] with features of about one unit. */
export function noise(x: number, y: number, seed: number): number {
  const xi = Math.floor(x)
  const yi = Math.floor(y)
  const fx = x - xi
  const fy = y - yi
  const sx = fx * fx * (3 - 2 * fx)
  const sy = fy * fy * (3 - 2 * fy)
  const top = hash(xi, yi, seed) * (1 - sx) + hash(xi + 1, yi, seed) * sx
  const bottom = hash(xi, yi + 1, seed) * (1 - sx) + hash(xi + 1, yi + 1, seed) * sx
  return (top * (1 - sy) + bottom * sy) / 2147483648 - 1
}

/** 0 at `from` and before it, 1 at `to` and beyond, smooth between; `from` may be the greater. */
export function smoothstep(from: number, to: number, x: number): number {
  const t = (x - from) / (to - from)
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t)
}

/** One octave of a texture: feature sizes along x and y in texels, and its weight. */
export interface Octave {
  x: number
  y: number
  weight: number
}

/** A square picture of noise that repeats without a seam; its values spread over 0..255 around 128. */
export interface Texture {
  readonly size: number
  readonly mask: number
  readonly values: Uint8Array
}

/** Value noise whose lattice wraps after `cyclesX` by `cyclesY` cells. */
function addOctave(sum: Float32Array, size: number, octave: Octave, seed: number): void {
  const cyclesX = Math.max(1, Math.round(size / octave.x))
  const cyclesY = Math.max(1, Math.round(size / octave.y))
  const lattice = Float32Array.from({ length: cyclesX * cyclesY }, (_, i) => random(i, 0, seed) * 2 - 1)
  for (let y = 0; y < size; y++) {
    const v = (y / size) * cyclesY
    const y0 = Math.floor(v)
    const sy = smoothstep(0, 1, v - y0)
    const top = (y0 % cyclesY) * cyclesX
    const bottom = ((y0 + 1) % cyclesY) * cyclesX
    for (let x = 0; x < size; x++) {
      const u = (x / size) * cyclesX
      const x0 = Math.floor(u)
      const sx = smoothstep(0, 1, u - x0)
      const x1 = (x0 + 1) % cyclesX
      const a = (lattice[top + x0] as number) * (1 - sx) + (lattice[top + x1] as number) * sx
      const b = (lattice[bottom + x0] as number) * (1 - sx) + (lattice[bottom + x1] as number) * sx
      const at = y * size + x
      sum[at] = (sum[at] as number) + octave.weight * (a * (1 - sy) + b * sy)
    }
  }
}

/** Draws a texture; `size` is a power of two. Two standard deviations reach the ends of the byte range. */
export function texture(size: number, octaves: Octave[], seed: number): Texture {
  const sum = new Float32Array(size * size)
  octaves.forEach((octave, i) => {
    addOctave(sum, size, octave, seed + i * 101)
  })
  let squares = 0
  for (const value of sum) squares += value * value
  const scale = 64 / Math.sqrt(squares / sum.length || 1)
  const values = new Uint8Array(sum.length)
  for (let i = 0; i < sum.length; i++) values[i] = Math.max(0, Math.min(255, 128 + (sum[i] as number) * scale))
  return { size, mask: size - 1, values }
}
