import { noise, smoothstep } from './noise.ts'

/** Slow maps, positions in µm, that say which kind of tissue grows where. */

/** How far malignancy has gone: 0 normal glands, 1 solid nests of tumour. */
export function malignancy(x: number, y: number, seed: number): number {
  return smoothstep(-0.02, 0.22, noise(x / 1700, y / 1700, seed + 51) + 0.35 * noise(x / 500, y / 500, seed + 52))
}

/** Above 0: glands may grow, the more the higher. */
export function glandular(x: number, y: number, seed: number): number {
  return noise(x / 1300, y / 1300, seed + 53) + 0.4 * noise(x / 380, y / 380, seed + 54) + 0.22
}

/** Above `FATTY`: fat. */
export function fatty(x: number, y: number, seed: number): number {
  return noise(x / 1100, y / 1100, seed + 61) + 0.3 * noise(x / 260, y / 260, seed + 62)
}

export const FATTY = 0.26

/** 0 to 1: how crowded with lymphocytes. */
export function lymphoid(x: number, y: number, seed: number): number {
  return smoothstep(0.42, 0.8, noise(x / 330, y / 330, seed + 22) + 0.35 * noise(x / 80, y / 80, seed + 23))
}

/** About 1: how strongly the stains took. */
export function tone(x: number, y: number, seed: number): number {
  return 1 + 0.13 * noise(x / 600, y / 600, seed + 24) + 0.1 * noise(x / 150, y / 150, seed + 25)
}

/** 0 to 1: how freely red cells lie in the stroma. */
export function bleeding(x: number, y: number, seed: number): number {
  return smoothstep(0.5, 0.75, noise(x / 95, y / 95, seed + 26) + 0.3 * noise(x / 21, y / 21, seed + 27))
}

/** About 1: brightness of the lamp. */
export function lamp(x: number, y: number, seed: number): number {
  return 1 + 0.006 * noise(x / 700, y / 700, seed + 21)
}
