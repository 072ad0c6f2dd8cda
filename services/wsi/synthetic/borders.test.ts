import { describe, expect, test } from 'vitest'
import { createAnatomy, type Place } from './anatomy.ts'
import type { Block } from './block.ts'
import { createBlockMaker } from './block.ts'
import { makeBlocks } from './block-pool.ts'
import { createCoder } from './coder.ts'
import { bleeding } from './compartments.ts'
import { cut, type Picture, paste, REDUCTION } from './grid.ts'
import { random } from './noise.ts'
import { createRenderer, type Scene } from './render.ts'
import { BLOCK_WORKER } from './tiff-slide.ts'

/** Small tiles: 64 pixels from border to border, so that nearly every cell, gland and vessel lies on one. */
const TILE = 16
const coding = { coding: 'ycbcr', quality: 80 } as const

/** At overview scale 1 a block hands out its pixels uncompressed. */
const settingsOf = (scene: Scene, tileSize = TILE) => ({ scene, tileSize, coder: coding, overviewScale: 1 })

const newPicture = (width: number, height: number): Picture => ({
  width,
  height,
  data: Buffer.alloc(width * height * 3),
})

/** Places of a kind of tissue, µm: what a cut would be seen in. */
const COMPARTMENTS: Record<string, (place: Place, bleeding: number) => boolean> = {
  'epithelium of a gland': ({ gland, solid, lumen }) => gland < -4 && solid === 0 && lumen > 6,
  'the lumen of a gland': ({ gland, solid, lumen }) => gland < -4 && solid === 0 && lumen < 0,
  'a nest of tumour': ({ gland, solid }) => gland < -4 && solid === 1,
  'an infiltrate': ({ gland, fat, lymphoid }) => gland > 6 && fat < -4 && lymphoid > 0.7,
  'a haemorrhage': ({ gland, fat }, blood) => gland > 6 && fat < -4 && blood > 0.7,
  stroma: ({ gland, fat, lymphoid }, blood) => gland > 20 && fat < -8 && lymphoid < 0.1 && blood === 0,
  fat: ({ fat }) => fat > 6,
  'the edge of the tissue': ({ tissue }) => Math.abs(tissue) < 2,
}

/** Draws points until one is of a kind; in pixels. */
function find(scene: Scene, is: (place: Place, bleeding: number) => boolean): [x: number, y: number] {
  const { width, height, mpp, seed } = scene
  const anatomy = createAnatomy(width * mpp, height * mpp, seed)
  const place = {} as Place
  for (let i = 0; i < 200_000; i++) {
    const x = Math.floor(random(i, 1, seed) * width)
    const y = Math.floor(random(i, 2, seed) * height)
    anatomy.placeAt(x * mpp, y * mpp, place)
    const inside = place.tissue > 20 || is === COMPARTMENTS['the edge of the tissue']
    if (inside && place.tissue > -60 && is(place, bleeding(x * mpp, y * mpp, seed))) return [x, y]
  }
  throw new Error(`seed ${seed} has no such place`)
}

/** Two who draw the same slide: one that is asked for rectangles, and one that makes the blocks of a file. */
function drawers(scene: Scene, tileSize = TILE) {
  return {
    scene,
    renderer: createRenderer(scene),
    make: createBlockMaker(settingsOf(scene, tileSize), createCoder(coding)),
  }
}

/** What four by four blocks around a point show, drawn in one piece and put together from the blocks. */
function bothWays({ renderer, make }: ReturnType<typeof drawers>, [x, y]: [number, number]) {
  const side = TILE * REDUCTION
  const column = Math.round(x / side) - 2
  const row = Math.round(y / side) - 2
  const assembled = newPicture(4 * side, 4 * side)
  for (let i = 0; i < 16; i++) {
    const [a, b] = [i % 4, Math.floor(i / 4)]
    paste(make(column + a, row + b).overview, side, assembled, a * side, b * side)
  }
  return { assembled: assembled.data, whole: renderer.render(column * side, row * side, 4 * side, 4 * side) }
}

describe('blocks of a file show what is drawn in one piece', () => {
  const slides = [
    { width: 20_000, height: 15_000, seed: 1, mpp: 0.499 },
    { width: 20_000, height: 15_000, seed: 29, mpp: 0.25 },
  ].map(scene => drawers(scene))

  test.each(Object.entries(COMPARTMENTS))('in %s', (_, is) => {
    for (const slide of slides) {
      const { assembled, whole } = bothWays(slide, find(slide.scene, is))
      expect(assembled.equals(whole), `seed ${slide.scene.seed}`).toBe(true)
    }
  })

  test('over a whole slide made by two workers', async () => {
    const scene = { width: 900, height: 700, seed: 3, mpp: 0.9 }
    const side = TILE * REDUCTION
    const [columns, rows] = [Math.ceil(scene.width / side), Math.ceil(scene.height / side)]
    const assembled = newPicture(columns * side, rows * side)
    for await (const { column, row, block } of makeBlocks<Block>(BLOCK_WORKER, settingsOf(scene), columns, rows, 2))
      paste(block.overview, side, assembled, column * side, row * side)
    expect(assembled.data.equals(createRenderer(scene).render(0, 0, columns * side, rows * side))).toBe(true)
  })

  test('with tiles of the usual size, where four blocks meet', () => {
    const { renderer, make } = drawers({ width: 20_000, height: 15_000, seed: 1, mpp: 0.499 }, 256)
    const around = renderer.render(12 * 1024 - 96, 7 * 1024 - 96, 192, 192)
    const before = cut(make(11, 6).overview, 1024, 928, 928, 96, 96)
    const after = cut(make(12, 7).overview, 1024, 0, 0, 96, 96)
    expect(before.equals(cut(around, 192, 0, 0, 96, 96))).toBe(true)
    expect(after.equals(cut(around, 192, 96, 96, 96, 96))).toBe(true)
  })
})
