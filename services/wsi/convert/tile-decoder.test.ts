import { expect, test } from 'vitest'
import { encodeRgb } from '../turbojpeg.ts'
import { allocateYuv } from '../yuv.ts'
import { createTileDecoder } from './tile-decoder.ts'

const image = { path: '', tileWidth: 64, tileHeight: 64, photometric: 6, jpegTables: null }
const tile = (value: number, subsampling: '4:2:0' | '4:4:4' | 'grey', edge = 64) =>
  Buffer.from(encodeRgb(new Uint8Array(edge * edge * 3).fill(value), edge, edge, { quality: 90, subsampling }))
const memory = (bytes: number) => new Uint8Array(bytes)

test('each tile goes by its own markers, whatever the tiles before it were', () => {
  const decode = createTileDecoder(image)
  const target = allocateYuv(64, 64)
  for (const [value, subsampling] of [
    [10, '4:2:0'],
    [60, '4:2:0'],
    [110, '4:4:4'],
    [160, 'grey'],
    [210, '4:2:0'],
  ] as const) {
    target.u.fill(0)
    decode(tile(value, subsampling), target, memory)
    expect([target.y[0], target.y.at(-1), target.u[0], target.v.at(-1)]).toEqual([value, value, 128, 128])
  }
})

test('a tile of another size is refused, also behind sound ones', () => {
  const decode = createTileDecoder(image)
  const target = allocateYuv(64, 64)
  decode(tile(10, '4:2:0'), target, memory)
  for (const edge of [48, 80])
    expect(() => decode(tile(10, '4:2:0', edge), target, memory)).toThrow(/differs from the size/)
})

test('a tile that breaks off in its markers is damaged', () => {
  const decode = createTileDecoder(image)
  const sound = tile(10, '4:2:0')
  const target = allocateYuv(64, 64)
  decode(sound, target, memory)
  expect(() => decode(sound.subarray(0, 200), target, memory)).toThrow(/damaged/)
  decode(sound, target, memory)
  expect(target.y[0]).toBe(10)
})
