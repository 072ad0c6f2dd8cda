import { describe, expect, it } from 'vitest'
import { freeTextOf } from './jpeg-free-text.ts'

const segment = (marker: number, payload: Buffer | string) => {
  const bytes = Buffer.from(payload)
  return Buffer.concat([Buffer.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255]), bytes])
}
const SOI = Buffer.from([0xff, 0xd8])
const SOS = segment(0xda, 'scan')
const find = (jpeg: Buffer) => freeTextOf(async (at, length) => jpeg.subarray(at, at + length), jpeg.length)
const textsOf = async (jpeg: Buffer) =>
  (await find(jpeg)).map(({ offset, length }) => jpeg.toString('latin1', offset, offset + length))

describe('free text in JPEG streams', () => {
  it('is comments and application segments, not the ones that say how colours are coded', async () => {
    const jfif = segment(0xe0, 'JFIF\0')
    const adobe = segment(0xee, 'Adobe')
    const jpeg = Buffer.concat([SOI, jfif, segment(0xe1, 'Exif\0\0DOE'), adobe, segment(0xfe, 'JANE'), SOS])
    expect(await textsOf(jpeg)).toEqual(['Exif\0\0DOE', 'JANE'])
  })

  it.each([0xdc, 0xdd, 0xde, 0xdf, 0xcc, 0xc8, 0xf0, 0xfd, 0x4f])(
    'is any segment that decoders pass over: %i',
    async marker => {
      const jpeg = Buffer.concat([SOI, segment(marker, '\x01\x02OttolineQuillfeather'), SOS])
      const [text] = await textsOf(jpeg)
      expect(text).toMatch(/OttolineQuillfeather$/)
    },
  )

  it('is not how coefficients are coded', async () => {
    const conditioning = Buffer.from([0x00, 0x10, 0x13, 0x41])
    const coding = [0xc0, 0xc2, 0xc4, 0xdb].map(marker => segment(marker, 'any number'))
    const numbers = [segment(0xdd, '\0\x08'), segment(0xdc, '\x01\0'), segment(0xcc, conditioning)]
    expect(await textsOf(Buffer.concat([SOI, ...coding, ...numbers, SOS]))).toEqual([])
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

  it('is no restart, whatever fills the bytes before it', async () => {
    const scan = Buffer.from([0x12, 0xff, 0xff, 0xff, 0xd0, 0x34, 0xff, 0x00, 0xff, 0xff, 0xd9])
    const jpeg = Buffer.concat([SOI, SOS, scan, Buffer.from('JANE')])
    expect(await textsOf(jpeg)).toEqual(['JANE'])
  })

  it('is what stands in a segment of the coding beside the coding', async () => {
    const jfif = `JFIF\0${'\x01'.repeat(9)}`
    const adobe = `Adobe${'\x01'.repeat(7)}`
    const jpeg = Buffer.concat([
      SOI,
      segment(0xe0, `${jfif}DOE`),
      segment(0xe0, 'JFXX\0'),
      segment(0xee, `${adobe}JANE`),
      segment(0xee, 'other'),
      SOS,
    ])
    expect(await textsOf(jpeg)).toEqual(['DOE', 'JFXX\0', 'JANE', 'other'])
  })

  it('is found behind the scans and behind the end', async () => {
    const scan = Buffer.from([1, 0xff, 0, 2, 0xff, 0xd3, 3, 0xff])
    const fill = Buffer.from([0xff])
    const end = Buffer.from([0xff, 0xd9])
    const jpeg = Buffer.concat([SOI, SOS, scan.subarray(0, 7), SOS, scan, fill, segment(0xfe, 'JANE'), end])
    expect(await textsOf(jpeg)).toEqual(['JANE'])
    expect(await textsOf(Buffer.concat([jpeg, Buffer.from('DOE\xff\xd9', 'latin1')]))).toEqual(['JANE', 'DOE\xff\xd9'])
    expect(await find(Buffer.concat([SOI, end, Buffer.from('x')]))).toEqual([{ offset: 4, length: 1, tail: true }])
  })

  it('is found in streams longer than one look, wherever the border lies', async () => {
    for (const scan of [262_130, 262_133, 262_134, 262_135, 262_136, 600_000]) {
      const jpeg = Buffer.concat([SOI, SOS, Buffer.alloc(scan, 7), segment(0xfe, 'JANE'), Buffer.from([0xff, 0xd9, 1])])
      expect(await textsOf(jpeg), `a scan of ${scan} bytes`).toEqual(['JANE', '\x01'])
    }
  })

  it('ends at damage', async () => {
    expect(await textsOf(Buffer.concat([SOI, SOS]))).toEqual([])
    expect(await textsOf(Buffer.concat([SOI, SOS, Buffer.from([5, 0xff])]))).toEqual([])
    expect(await textsOf(Buffer.concat([SOI, Buffer.from([0xff, 0xfe, 0xff, 0xff, 1])]))).toEqual([])
    expect(await textsOf(Buffer.from([0xff, 0xd8, 0xff]))).toEqual([])
    expect(await textsOf(Buffer.alloc(0))).toEqual([])
  })
})
