import { describe, expect, test } from 'vitest'
import { cut } from './grid.ts'
import { createRenderer } from './render.ts'

const scene = { width: 3000, height: 2400, seed: 11, mpp: 0.5 }
const SIDE = 700
const renderer = createRenderer(scene)
const centre = renderer.render(1000, 800, SIDE, SIDE)

describe('the same pixel', () => {
  test('has the same value in every rectangle', () => {
    const part = createRenderer(scene).render(1000 + 133, 800 + 77, 301, 215)
    expect(Buffer.from(part).equals(cut(centre, SIDE, 133, 77, 301, 215))).toBe(true)
  })

  test('has the same value after other places were drawn', () => {
    renderer.render(0, 0, SIDE, SIDE)
    expect(Buffer.from(renderer.render(1000, 800, SIDE, SIDE)).equals(Buffer.from(centre))).toBe(true)
  })

  test('differs by seed', () => {
    const other = createRenderer({ ...scene, seed: 12 }).render(1000, 800, SIDE, SIDE)
    expect(Buffer.from(other).equals(Buffer.from(centre))).toBe(false)
  })
})

/** Shares of glass, of nuclei and of eosin-coloured pixels. */
function shares(rgb: Uint8Array) {
  const count = { glass: 0, nuclei: 0, pink: 0 }
  for (let i = 0; i < rgb.length; i += 3) {
    const [r, g, b] = [rgb[i] as number, rgb[i + 1] as number, rgb[i + 2] as number]
    if (Math.min(r, g, b) > 225) count.glass++
    else if (r < 110 && g < 90) count.nuclei++
    else if (r > b && b > g) count.pink++
  }
  const pixels = rgb.length / 3
  return { glass: count.glass / pixels, nuclei: count.nuclei / pixels, pink: count.pink / pixels }
}

describe('a slide', () => {
  test('has glass, stroma and nuclei in plausible shares', () => {
    const whole = shares(renderer.render(0, 0, scene.width, scene.height))
    expect(whole.glass).toBeGreaterThan(0.2)
    expect(whole.glass).toBeLessThan(0.85)
    expect(whole.pink).toBeGreaterThan(0.08)
    expect(whole.nuclei).toBeGreaterThan(0.01)
    expect(whole.nuclei).toBeLessThan(0.3)
  })

  test('has bare glass at its corners', () => {
    for (const x of [0, scene.width - 40]) expect(shares(renderer.render(x, 0, 40, 40)).glass).toBe(1)
  })

  test('can be drawn beyond its edge, where padding of tiles lies', () => {
    expect(shares(renderer.render(scene.width + 500, scene.height + 500, 64, 64)).glass).toBe(1)
  })
})
