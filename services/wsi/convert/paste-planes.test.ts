import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Plane } from '../turbojpeg-planes.ts'
import { allocateYuv } from '../yuv.ts'
import { pastePlanes } from './paste-planes.ts'
import { fillWhite } from './planes.ts'

const WIDTH = 40
const HEIGHT = 36

interface Painted {
  x: number
  y: number
  width: number
  height: number
  stepX: 1 | 2
  stepY: 1 | 2
  grey: boolean
  seed: number
}

function componentsOf({ width, height, stepX, stepY, grey, seed }: Painted): Plane[] {
  let state = seed + 1
  const plane = (sx: 1 | 2, sy: 1 | 2): Plane => {
    const stride = ((width + 7) & ~7) / sx
    const data = new Uint8Array(stride * (((height + 1) & ~1) / sy))
    for (let i = 0; i < data.length; i++) {
      state = (state * 1103515245 + 12345) & 0x7fffffff
      data[i] = state >> 16
    }
    return { data, stride, stepX: sx, stepY: sy }
  }
  return grey ? [plane(1, 1)] : [plane(1, 1), plane(stepX, stepY), plane(stepX, stepY)]
}

/** The same in full resolution, sample by sample, and then averaged by 2x2. */
class Reference {
  readonly full: Float64Array[] = [255, 128, 128].map(value => new Float64Array(WIDTH * HEIGHT).fill(value))

  paint(picture: Painted, components: Plane[]): void {
    for (let y = Math.max(0, picture.y); y < Math.min(HEIGHT, picture.y + picture.height); y++) {
      for (let x = Math.max(0, picture.x); x < Math.min(WIDTH, picture.x + picture.width); x++) {
        for (const [c, pixels] of this.full.entries()) {
          const plane = components[c]
          pixels[y * WIDTH + x] = plane ? sampleOf(plane, x - picture.x, y - picture.y) : 128
        }
      }
    }
  }

  chroma(c: 1 | 2, x: number, y: number): number {
    const at = (dx: number, dy: number) => (this.full[c] as Float64Array)[(y * 2 + dy) * WIDTH + x * 2 + dx] as number
    return (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4
  }
}

const sampleOf = ({ data, stride, stepX, stepY }: Plane, x: number, y: number) =>
  data[Math.floor(y / stepY) * stride + Math.floor(x / stepX)] as number

/** How many of a chroma sample's two pixels in a direction belong to the picture. */
const shown = (sample: number, start: number, length: number): number =>
  [sample * 2, sample * 2 + 1].filter(pixel => pixel >= start && pixel < start + length).length

const step = fc.constantFrom(1 as const, 2 as const)
const pictures = fc.record({
  x: fc.integer({ min: -20, max: WIDTH }),
  y: fc.integer({ min: -20, max: HEIGHT }),
  width: fc.integer({ min: 1, max: 50 }),
  height: fc.integer({ min: 1, max: 50 }),
  stepX: step,
  stepY: step,
  grey: fc.boolean(),
  seed: fc.nat(1000),
})

it('a picture at any pixel, in any sampling: its luma, and the average of its chroma', () => {
  fc.assert(
    fc.property(pictures, picture => {
      const area = { x: 0, y: 0, width: WIDTH, height: HEIGHT }
      const planes = allocateYuv(WIDTH, HEIGHT)
      fillWhite(planes)
      const components = componentsOf(picture)
      pastePlanes(components, picture, { area, planes })
      const reference = new Reference()
      reference.paint(picture, components)
      const wrong: string[] = []
      for (let y = 0; y < HEIGHT; y++) {
        for (let x = 0; x < WIDTH; x++) {
          if (planes.y[y * planes.yStride + x] !== reference.full[0]?.[y * WIDTH + x]) wrong.push(`luma ${x},${y}`)
        }
      }
      for (let y = 0; y < HEIGHT / 2; y++) {
        for (let x = 0; x < WIDTH / 2; x++) {
          const across = shown(x, picture.x, picture.width)
          const down = shown(y, picture.y, picture.height)
          for (const [c, plane] of [planes.u, planes.v].entries()) {
            const found = plane[y * planes.uvStride + x] as number
            const average = reference.chroma((c + 1) as 1 | 2, x, y)
            if (across === 2 && down === 2 && Math.abs(found - average) > 0.5) wrong.push(`chroma ${x},${y}`)
            if ((across === 0 || down === 0) && found !== 128) wrong.push(`outside ${x},${y}`)
          }
        }
      }
      expect(wrong).toEqual([])
    }),
    { numRuns: 300 },
  )
})

it('neighbours that meet at an odd pixel share the chroma sample between them', () => {
  const area = { x: 0, y: 0, width: WIDTH, height: HEIGHT }
  const planes = allocateYuv(WIDTH, HEIGHT)
  fillWhite(planes)
  const flat = (value: number): Plane[] =>
    [1, 2, 2].map(s => ({
      data: new Uint8Array(40 * 40).fill(value),
      stride: 40 / s,
      stepX: s as 1 | 2,
      stepY: s as 1 | 2,
    }))
  pastePlanes(flat(100), { x: 0, y: 0, width: 17, height: 36 }, { area, planes })
  pastePlanes(flat(200), { x: 17, y: 0, width: 23, height: 36 }, { area, planes })
  const row = [...planes.u.subarray(4 * planes.uvStride, 4 * planes.uvStride + 20)]
  expect(row).toEqual([...Array(8).fill(100), 150, ...Array(11).fill(200)])
})

it('a canvas of full chroma takes full chroma as it is', () => {
  const area = { x: 3, y: 5, width: 20, height: 10 }
  const planes = allocateYuv(20, 10, '4:4:4')
  fillWhite(planes)
  const picture: Painted = { x: 0, y: 0, width: 9, height: 9, stepX: 1, stepY: 1, grey: false, seed: 7 }
  const components = componentsOf(picture)
  pastePlanes(components, picture, { area, planes })
  for (let y = 0; y < 10; y++) {
    for (let x = 0; x < 20; x++) {
      const shown = x + 3 < 9 && y + 5 < 9
      const expected = shown ? sampleOf(components[2] as Plane, x + 3, y + 5) : 128
      expect(planes.v[y * planes.uvStride + x]).toBe(expected)
    }
  }
})
