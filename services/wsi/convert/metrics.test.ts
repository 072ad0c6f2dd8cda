import { describe, expect, it } from 'vitest'
import type { Picture } from './measure.ts'
import { nearness, ssim } from './metrics.ts'
import { rings } from './tiled-slide.ts'

const changed = (picture: Picture, change: (value: number, i: number) => number): Picture => ({
  ...picture,
  data: picture.data.map((value, i) => change(value, i)),
})
/** The same noise at every run. */
const noise = (i: number): number => (((i * 2_654_435_761) >>> 16) % 21) - 10
const grey = (width: number, height: number, value: (x: number, y: number) => number): Picture => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    value(Math.floor(i / 3) % width, Math.floor(i / 3 / width)),
  ),
})

describe('nearness', () => {
  const picture = rings(64, 48)

  it('of a picture to itself is complete', () => {
    expect(nearness(picture, picture)).toEqual({ psnr: 99, ssim: 1 })
  })

  it('PSNR follows its definition', () => {
    const { psnr } = nearness(
      changed(picture, () => 100),
      changed(picture, () => 105),
    )
    expect(psnr).toBeCloseTo(10 * Math.log10(255 ** 2 / 25), 10)
  })

  it('SSIM of two even pictures is its luminance term', () => {
    const [a, b] = [changed(picture, () => 100), changed(picture, () => 120)]
    expect(ssim(a, b)).toBeCloseTo((2 * 100 * 120 + 6.5025) / (100 ** 2 + 120 ** 2 + 6.5025), 6)
  })

  it('SSIM agrees with the formula written out for a single window', () => {
    const a = grey(11, 11, (x, y) => (x * 23 + y * 7) % 256)
    const b = grey(11, 11, (x, y) => (x * 19 + y * 11 + 5) % 256)
    let [sum, mx, my, xx, yy, xy] = [0, 0, 0, 0, 0, 0]
    for (let y = 0; y < 11; y++) {
      for (let x = 0; x < 11; x++) {
        const w = Math.exp(-((x - 5) ** 2 + (y - 5) ** 2) / (2 * 1.5 ** 2))
        const [p, q] = [a.data[(y * 11 + x) * 3] as number, b.data[(y * 11 + x) * 3] as number]
        sum += w
        mx += w * p
        my += w * q
        xx += w * p * p
        yy += w * q * q
        xy += w * p * q
      }
    }
    ;[mx, my, xx, yy, xy] = [mx / sum, my / sum, xx / sum, yy / sum, xy / sum]
    const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2]
    const [vx, vy, cov] = [xx - mx * mx, yy - my * my, xy - mx * my]
    const expected = ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    expect(ssim(a, b)).toBeCloseTo(expected, 10)
  })

  it('SSIM forgives a change of brightness more than noise of the same error', () => {
    const brighter = nearness(
      picture,
      changed(picture, value => value + 6),
    )
    const noisy = nearness(
      picture,
      changed(picture, (value, i) => value + noise(i)),
    )
    expect(Math.abs(brighter.psnr - noisy.psnr)).toBeLessThan(1)
    expect(brighter.ssim).toBeGreaterThan(noisy.ssim + 0.02)
  })

  it('refuses what cannot be compared', () => {
    expect(() => ssim(picture, rings(64, 47))).toThrow(RangeError)
    expect(() => ssim(rings(10, 40), rings(10, 40))).toThrow(RangeError)
  })
})
