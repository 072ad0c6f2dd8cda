import { expect, test } from 'vitest'
import { createAnatomy, type Place } from './anatomy.ts'
import { PITCH as FAT_CELLS } from './fat.ts'
import { PITCH as GLANDS } from './glands.ts'

/** What must not jump anywhere. `lumen` and `solid` change from gland to gland, in the stroma between. */
const SMOOTH = ['tissue', 'gland', 'fat', 'across', 'along', 'lymphoid', 'tone', 'light'] as const

const SIDE = 5000

/** Jumps are looked for between two points 2e-6 µm apart; no smooth field changes as much over that. */
const JUMP = 0.01

interface Jump {
  field: string
  x: number
  y: number
  jump: number
}

const newPlace = () => ({}) as Place

/** Compares both sides of every `pitch`-th line, upright or lying, at about 150 points each; returns the jumps. */
function jumps(seed: number, pitch: number, upright: boolean): Jump[] {
  const anatomy = createAnatomy(SIDE, SIDE, seed)
  const [before, after] = [newPlace(), newPlace()]
  const found: Jump[] = []
  for (let line = pitch; line < SIDE; line += pitch) {
    for (let along = 0.37; along < SIDE; along += 31.7) {
      const [x, y] = upright ? [line, along] : [along, line]
      const [dx, dy] = upright ? [1e-6, 0] : [0, 1e-6]
      anatomy.placeAt(x - dx, y - dy, before)
      anatomy.placeAt(x + dx, y + dy, after)
      if (before.tissue < 0) continue
      for (const field of SMOOTH) {
        const jump = Math.abs(before[field] - after[field])
        if (jump > JUMP) found.push({ field, x, y, jump })
      }
    }
  }
  return found
}

test.each([
  ['glands', GLANDS],
  ['fat cells', FAT_CELLS],
])('no edge of the squares in which %s sit can be seen', (_, pitch) => {
  for (const seed of [1, 7, 11])
    for (const upright of [true, false]) expect(jumps(seed, pitch, upright), `seed ${seed}`).toEqual([])
})
