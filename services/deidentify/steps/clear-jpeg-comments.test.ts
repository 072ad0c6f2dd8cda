import { describe, expect, it } from 'vitest'
import { freeTextSegments } from './clear-jpeg-comments.ts'

const segment = (marker: number, payload: Buffer | string) => {
  const bytes = Buffer.from(payload)
  return Buffer.concat([Buffer.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255]), bytes])
}
const SOI = Buffer.from([0xff, 0xd8])
const SOS = segment(0xda, 'scan')
const find = (jpeg: Buffer) => freeTextSegments(async (at, length) => jpeg.subarray(at, at + length), jpeg.length)
const textsOf = async (jpeg: Buffer) =>
  (await find(jpeg)).map(({ offset, length }) => jpeg.toString('latin1', offset, offset + length))

describe('free text in JPEG streams', () => {
  it('is comments and application segments, not the ones that say how colours are coded', async () => {
    const jfif = segment(0xe0, 'JFIF\0')
    const adobe = segment(0xee, 'Adobe')
    const jpeg = Buffer.concat([SOI, jfif, segment(0xe1, 'Exif\0\0DOE'), adobe, segment(0xfe, 'JANE'), SOS])
    expect(await textsOf(jpeg)).toEqual(['Exif\0\0DOE', 'JANE'])
  })

  it('is found behind segments longer than the first look', async () => {
    const jpeg = Buffer.concat([
      SOI,
      segment(0xdb, Buffer.alloc(5000)),
      Buffer.from([0xff]),
      segment(0xfe, 'JANE'),
      SOS,
    ])
    expect(await textsOf(jpeg)).toEqual(['JANE'])
  })

  it('ends at the picture and at damage', async () => {
    expect(await textsOf(Buffer.concat([SOI, SOS, segment(0xfe, 'JANE')]))).toEqual([])
    expect(await textsOf(Buffer.concat([SOI, Buffer.from([0xff, 0xfe, 0xff, 0xff, 1])]))).toEqual([])
    expect(await textsOf(Buffer.from([0xff, 0xd8, 0xff]))).toEqual([])
    expect(await textsOf(Buffer.alloc(0))).toEqual([])
  })
})
