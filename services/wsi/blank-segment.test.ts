import { describe, expect, it } from 'vitest'
import { blankSegment, scanCoding } from './blank-segment.ts'
import { Marker, segments } from './jpeg.ts'
import { decodeRgb, encodeRgb } from './turbojpeg.ts'

const [WIDTH, UNIT] = [128, 16]
/** One row of units, so that the whole scan is one segment. */
const pictureOf = (shade: (i: number) => number, height: number) =>
  encodeRgb(
    Uint8Array.from({ length: WIDTH * height * 3 }, (_, i) => shade(i)),
    WIDTH,
    height,
    { quality: 80, subsampling: height === 16 ? '4:2:0' : '4:2:2' },
  )
const busy = (i: number) => (i * 31 + Math.floor(i / 97) * 17) % 230
const endOfHeader = (jpeg: Buffer) => segments(jpeg).find(({ marker }) => marker === Marker.SOS)!.end
const units = (...blank: number[]) => Array.from({ length: WIDTH / UNIT }, (_, i) => blank.includes(i))

function blanked(jpeg: Buffer, blanks: readonly boolean[]): Buffer {
  const header = jpeg.subarray(0, endOfHeader(jpeg))
  return Buffer.concat([header, blankSegment(scanCoding(header)!, jpeg.subarray(header.length), blanks)!])
}

/** Columns of units that are white; all others must be those of the picture before, blended borders aside. */
function whiteUnits(before: Buffer, after: Buffer): number[] {
  const [was, is] = [decodeRgb(before), decodeRgb(after)]
  return Array.from({ length: WIDTH / UNIT }, (_, unit) => unit).filter(unit => {
    const columns = Array.from({ length: UNIT - 2 }, (_, x) => unit * UNIT + x + 1)
    const pixels = ({ data, height }: typeof is) =>
      Array.from({ length: height }, (_, y) => columns.map(x => data[(y * WIDTH + x) * 3 + 1]!)).flat()
    const white = Math.min(...pixels(is)) === 255
    if (!white) expect(pixels(is)).toEqual(pixels(was))
    return white
  })
}

describe('a blanked segment', () => {
  it.each([8, 16])('%i rows high is as long as before; its other units are the same', height => {
    const jpeg = pictureOf(busy, height)
    const after = blanked(jpeg, units(2, 3, 6))
    expect(after).toHaveLength(jpeg.length)
    expect(whiteUnits(jpeg, after)).toEqual([2, 3, 6])
  })

  it('is the same when nothing of it is blanked, or it was already', () => {
    const jpeg = pictureOf(busy, 8)
    expect(blanked(jpeg, units()).equals(jpeg)).toBe(true)
    const once = blanked(jpeg, units(1))
    expect(blanked(once, units(1)).equals(once)).toBe(true)
  })

  it('keeps the marker that ends it, and what follows', () => {
    const jpeg = Buffer.concat([pictureOf(busy, 8), Buffer.from('behind')])
    expect(blanked(jpeg, units(4)).toString('latin1').endsWith('\xff\xd9behind')).toBe(true)
  })

  it('blanks neighbours where white takes more bits than a plain unit had', () => {
    const jpeg = pictureOf(() => 20, 8)
    const after = blanked(jpeg, units(3))
    expect(after).toHaveLength(jpeg.length)
    expect(whiteUnits(jpeg, after)).toEqual(expect.arrayContaining([3]))
  })

  it('is refused when its bits end too early', () => {
    const jpeg = pictureOf(busy, 8)
    const header = jpeg.subarray(0, endOfHeader(jpeg))
    const cut = Buffer.concat([jpeg.subarray(header.length, header.length + 40), Buffer.from([0xff, 0xd9])])
    expect(() => blankSegment(scanCoding(header)!, cut, units(1))).toThrow(/damaged/)
  })
})
