import { describe, expect, it } from 'vitest'
import { blankJpeg, withoutTables } from './blank-jpeg.ts'
import { segments, spliceTables, withAdobeMarker } from './jpeg.ts'
import { createCoder } from './synthetic/coder.ts'
import { decodeRgb, encodeRgb } from './turbojpeg.ts'

const SIDE = 96
const picture = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 31 + Math.floor(i / 97) * 17) % 230)
const BLANK = { x: 20, y: 34, width: 10, height: 5 }

/** Pixels of a square by their channels. */
function pixels(data: Uint8Array, left: number, top: number, width: number, height: number): number[] {
  const found: number[] = []
  for (let y = top; y < top + height; y++)
    found.push(...data.subarray((y * SIDE + left) * 3, (y * SIDE + left + width) * 3))
  return found
}

describe('a blanked JPEG', () => {
  it.each([
    ['4:4:4', { left: 16, top: 32, width: 16, height: 8 }],
    ['4:2:2', { left: 16, top: 32, width: 16, height: 8 }],
    ['4:2:0', { left: 16, top: 32, width: 16, height: 16 }],
  ] as const)('at %s is white in whole units and the same elsewhere', (subsampling, unit) => {
    const jpeg = encodeRgb(picture, SIDE, SIDE, { quality: 75, subsampling })
    const [before, after] = [decodeRgb(jpeg).data, decodeRgb(blankJpeg(jpeg, [BLANK])).data]
    // A pixel in from the border, where decoders blend the chroma of neighbours.
    const inner = pixels(after, unit.left + 1, unit.top + 1, unit.width - 2, unit.height - 2)
    expect(Math.min(...inner)).toBe(255)
    expect(pixels(after, 0, 0, SIDE, unit.top - 1)).toEqual(pixels(before, 0, 0, SIDE, unit.top - 1))
    expect(pixels(after, 40, 0, SIDE - 40, SIDE)).toEqual(pixels(before, 40, 0, SIDE - 40, SIDE))
  })

  it('of RGB without a marker is white, too', () => {
    const coder = createCoder({ coding: 'rgb', quality: 80 })
    const jpeg = withAdobeMarker(spliceTables(coder.tables, coder.encode(picture, SIDE, SIDE)), 0)
    const { data } = decodeRgb(blankJpeg(jpeg, [{ x: 0, y: 0, width: SIDE, height: SIDE }], 2))
    expect(Math.min(...data)).toBe(255)
  })

  it('gives back the tables that it shares, and only those', () => {
    const coder = createCoder({ coding: 'ycbcr', quality: 80 })
    const blanked = blankJpeg(spliceTables(coder.tables, coder.encode(picture, SIDE, SIDE)), [BLANK])
    const bare = withoutTables(blanked, coder.tables)
    expect(segments(bare).some(({ marker }) => marker === 0xdb || marker === 0xc4)).toBe(false)
    expect(decodeRgb(spliceTables(coder.tables, bare)).data).toEqual(decodeRgb(blanked).data)
    const other = createCoder({ coding: 'ycbcr', quality: 30 }).tables
    expect(segments(withoutTables(blanked, other)).some(({ marker }) => marker === 0xdb)).toBe(true)
  })
})
