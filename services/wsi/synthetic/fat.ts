import { FATTY, fatty } from './compartments.ts'
import { lattice } from './lattice.ts'
import { noise, random } from './noise.ts'

/** Mean distance between fat cells, µm. */
export const PITCH = 68

/** Half a wall, µm: thinner ones would slip between the nodes of the sampling grid. */
const WALL = 2.1

/** Stands for "not in a fat cell". */
export const NO_FAT = -20

interface FatCell {
  x: number
  y: number
  filled: boolean
}

function fatCell(i: number, j: number, seed: number): FatCell {
  const x = (i + 0.5 + (random(i, j, seed + 91) - 0.5) * 0.8) * PITCH
  const y = (j + 0.5 + (random(i, j, seed + 92) - 0.5) * 0.8) * PITCH
  return { x, y, filled: fatty(x, y, seed) > FATTY }
}

/**
 * Returns the function that gives the distance to the wall of the fat cell around a point, µm, positive inside. Fat
 * cells are rounded Voronoi cells, empty because solvents washed the fat out.
 */
export function createFat(seed: number): (x: number, y: number) => number {
  const cells = lattice((i, j) => fatCell(i, j, seed))
  return (x, y) => {
    if (fatty(x, y, seed) < FATTY - 0.3) return NO_FAT
    const i = Math.floor(x / PITCH)
    const j = Math.floor(y / PITCH)
    let first = 1e9
    let second = 1e9
    let filled = false
    for (let b = j - 2; b <= j + 2; b++) {
      for (let a = i - 2; a <= i + 2; a++) {
        const cell = cells(a, b)
        const distance = Math.hypot(x - cell.x, y - cell.y)
        if (distance < first) {
          second = first
          first = distance
          filled = cell.filled
        } else if (distance < second) second = distance
      }
    }
    const toWall = Math.min((second - first) / 2, 48 - first) + 0.8 * noise(x / 12, y / 12, seed + 94)
    return (filled ? toWall : -toWall) - WALL
  }
}
