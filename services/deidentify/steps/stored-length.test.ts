import { deflateSync } from 'node:zlib'
import { encodeLzw } from '@coverslip/wsi/synthetic/lzw.ts'
import { Compression } from '@coverslip/wsi/tiff/tags.ts'
import { describe, expect, it } from 'vitest'
import { isPlain, notesOf } from '../proof/streams.ts'
import { needlessBytes } from './stored-length.ts'

const TEXT = Buffer.from('Quillfeather, Ottoline')
const pixels = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 5) * 13) % 251))
const segment = (marker: number, payload: Buffer) => {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(marker)
  head.writeUInt16BE(payload.length + 2, 2)
  return Buffer.concat([head, payload])
}

describe('what stands behind the end of a stored tile', () => {
  it.each([1, 300, 5000, 60_000])('of LZW with %d bytes of pixels is found', length => {
    const tile = encodeLzw(pixels(length))
    const expected = { offset: tile.length, length: TEXT.length }
    expect(needlessBytes(Compression.Lzw, Buffer.concat([tile, TEXT]), length)).toEqual([expected])
    expect(needlessBytes(Compression.Lzw, tile, length)).toEqual([{ offset: tile.length, length: 0 }])
  })

  it.each([Compression.Deflate, Compression.AdobeDeflate])('of DEFLATE (%d) is found', compression => {
    const tile = deflateSync(pixels(3000))
    const expected = { offset: tile.length, length: TEXT.length }
    expect(needlessBytes(compression, Buffer.concat([tile, TEXT]), 3000)).toEqual([expected])
  })

  it('of plain pixels is found', () => {
    const found = needlessBytes(Compression.None, Buffer.concat([pixels(768), TEXT]), 768)
    expect(found).toEqual([{ offset: 768, length: TEXT.length }])
  })

  it('of JPEG 2000 is found, and its comments but for the signature of an encoder', () => {
    const header = [segment(0xff51, Buffer.alloc(10)), segment(0xff64, Buffer.concat([Buffer.from([0, 1]), TEXT]))]
    const signed = segment(0xff64, Buffer.from('\0\x01Kakadu-v7.9'))
    const parts = [Buffer.from([0xff, 0x4f]), ...header, signed, segment(0xff90, Buffer.alloc(8))]
    const tile = Buffer.concat([...parts, Buffer.from([0xff, 0xd9]), TEXT])
    expect(needlessBytes(Compression.AperioJpeg2000Rgb, tile, 0)).toEqual([
      { offset: 2 + 14 + 6, length: TEXT.length },
      { offset: tile.length - TEXT.length, length: TEXT.length },
    ])
  })

  it('of JPEG 2000 is found in the header of a tile-part, before a second end, and as a false signature', () => {
    const comment = (text: string) => segment(0xff64, Buffer.from(`\0\x01${text}`))
    const head = (stated: number) => {
      const body = Buffer.alloc(8)
      body.writeUInt32BE(stated, 2)
      return segment(0xff90, body)
    }
    const data = Buffer.from([0xff, 0x93, 1, 2, 3, 0xff, 0xd9, 4])
    const end = Buffer.from([0xff, 0xd9])
    const start = [Buffer.from([0xff, 0x4f]), segment(0xff51, Buffer.alloc(10))]
    const inPart = comment(`${TEXT}`)
    const part = [head(12 + inPart.length + data.length), inPart, data]
    const tile = Buffer.concat([...start, comment('Kakadu-OttolineQuill'), ...part, end, TEXT, end])
    const found = needlessBytes(Compression.AperioJpeg2000Rgb, tile, 0)
    const texts = found.map(({ offset, length }) => tile.toString('latin1', offset, offset + length))
    expect(texts).toEqual(['Kakadu-OttolineQuill', `${TEXT}`, `${TEXT}\xff\xd9`])
    expect(notesOf('jpeg2000', tile)).toEqual(found)
    const clean = Buffer.concat([...start, head(0), data.subarray(0, 5), end])
    for (const { length } of needlessBytes(Compression.AperioJpeg2000Rgb, clean, 0)) expect(length).toBe(0)
    expect(isPlain('jpeg2000', clean)).toBe(true)
  })
})
