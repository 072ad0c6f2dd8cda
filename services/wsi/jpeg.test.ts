import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import {
  adobeTransform,
  frameSize,
  isRgbCoded,
  Marker,
  needsAdobeMarker,
  segments,
  spliceTables,
  withAdobeMarker,
} from './jpeg.ts'

const picture = sharp({ create: { width: 48, height: 32, channels: 3, background: { r: 200, g: 40, b: 90 } } })
const encode = (chromaSubsampling: '4:4:4' | '4:2:0') => picture.clone().jpeg({ chromaSubsampling }).toBuffer()

/** The same picture with other component ids in frame and scan headers, and without its JFIF marker. */
function relabelled(jpeg: Buffer, ids: number[]): Buffer {
  const copy = Buffer.from(jpeg)
  for (const { marker, start } of segments(copy)) {
    for (const [i, id] of ids.entries()) {
      if (marker === 0xc0) copy[start + 10 + 3 * i] = id
      if (marker === 0xda) copy[start + 5 + 2 * i] = id
    }
  }
  const jfif = segments(copy).find(s => s.marker === 0xe0)
  return jfif ? Buffer.concat([copy.subarray(0, jfif.start), copy.subarray(jfif.end)]) : copy
}

const meanColour = async (jpeg: Buffer) => {
  const { channels } = await sharp(jpeg).stats()
  return channels.map(channel => Math.round(channel.mean))
}

describe('frameSize', () => {
  it('tells size, components and sampling', async () => {
    expect(frameSize(await encode('4:2:0'))).toMatchObject({ width: 48, height: 32, components: 3, sampling: '4:2:0' })
    expect(frameSize(await encode('4:4:4'))).toMatchObject({ sampling: '4:4:4', ids: [1, 2, 3], sequential: true })
    const grey = await picture.clone().toColourspace('b-w').jpeg().toBuffer()
    expect(frameSize(grey)).toMatchObject({ components: 1, sampling: 'grey' })
    const progressive = await picture.clone().jpeg({ progressive: true }).toBuffer()
    expect(frameSize(progressive).sequential).toBe(false)
  })

  it('calls every truncation before the scan damaged', async () => {
    const jpeg = await encode('4:2:0')
    const scan = segments(jpeg).at(-1)?.start as number
    for (const length of [0, 2, 3, 20, 100]) {
      expect(() => frameSize(jpeg.subarray(0, Math.min(length, scan - 1)))).toThrow(/damaged/)
    }
    expect(() => frameSize(Buffer.concat([jpeg.subarray(0, 2), Buffer.from('garbage')]))).toThrow(/damaged/)
  })
})

describe('spliceTables', () => {
  it('restores a stream whose tables were taken out', async () => {
    const jpeg = await encode('4:2:0')
    const isTable = (marker: number) => marker === 0xdb || marker === 0xc4
    const found = segments(jpeg)
    const cut = (tables: boolean) =>
      found.filter(s => isTable(s.marker) === tables).map(s => jpeg.subarray(s.start, s.end))
    const soi = Buffer.from([0xff, Marker.SOI])
    const tables = Buffer.concat([soi, ...cut(true), Buffer.from([0xff, 0xd9])])
    const abbreviated = Buffer.concat([soi, ...cut(false), jpeg.subarray(found.at(-1)?.end)])
    await expect(sharp(abbreviated).raw().toBuffer()).rejects.toThrow()
    const [restored, original] = [spliceTables(tables, abbreviated), jpeg].map(b => sharp(b).raw().toBuffer())
    expect(await restored).toEqual(await original)
    expect(spliceTables(null, jpeg)).toBe(jpeg)
    for (const padding of [[0], [0, 0, 0], [0xff, 0xff], [0x44, 0x4f, 0x45]]) {
      const padded = Buffer.concat([tables, Buffer.from(padding)])
      expect(spliceTables(padded, abbreviated)).toEqual(spliceTables(tables, abbreviated))
    }
  })
})

describe("Adobe's marker", () => {
  it('decides how a decoder takes the colours', async () => {
    const ycbcr = await encode('4:4:4')
    expect(await meanColour(withAdobeMarker(relabelled(ycbcr, [0, 1, 2]), 1))).toEqual(await meanColour(ycbcr))
    expect(await meanColour(withAdobeMarker(ycbcr, 0))).not.toEqual(await meanColour(ycbcr))
  })

  it('is written once', async () => {
    const jpeg = await encode('4:4:4')
    const twice = withAdobeMarker(withAdobeMarker(jpeg, 1), 0)
    expect(segments(twice).filter(s => s.marker === 0xee)).toHaveLength(1)
    expect(adobeTransform(twice)).toBe(0)
    expect(adobeTransform(jpeg)).toBeNull()
  })

  it('is needed where RGB carries no mark that decoders know', async () => {
    const jpeg = await encode('4:4:4')
    const aperio = relabelled(jpeg, [0, 1, 2])
    const named = relabelled(jpeg, [82, 71, 66])
    expect(isRgbCoded(jpeg)).toBe(false)
    expect(isRgbCoded(aperio)).toBe(true)
    expect(isRgbCoded(named)).toBe(true)
    expect(isRgbCoded(aperio, 6)).toBe(false)
    expect(isRgbCoded(relabelled(jpeg, [1, 2, 3]), 2)).toBe(true)
    expect(needsAdobeMarker(aperio)).toBe(true)
    expect(needsAdobeMarker(named)).toBe(false)
    expect(needsAdobeMarker(withAdobeMarker(aperio, 0), 2)).toBe(false)
    expect(needsAdobeMarker(jpeg, 6)).toBe(false)
  })
})
