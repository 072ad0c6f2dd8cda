import { buildTiff } from '@coverslip/wsi/tiff/build-tiff.ts'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { MOST_VALUES } from './grid.ts'
import { readGrid } from './read-grid.ts'

const rows = [
  [0, 1, 2],
  [100, 254, 255],
]
const flat = rows.flat()

/** As numpy.save writes it. */
function npy(descr: string, data: Buffer, { shape = '(2, 3)', fortran = false, version = 1 } = {}): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`
  const padded = `${header.padEnd(117)}\n`
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  length.writeUInt16LE(padded.length)
  return Buffer.concat([
    Buffer.from('\x93NUMPY', 'latin1'),
    Buffer.from([version, 0]),
    length,
    Buffer.from(padded),
    data,
  ])
}

const bytesOf = (array: { buffer: ArrayBufferLike }) => Buffer.from(array.buffer as ArrayBuffer)

test.each([
  ['|u1', bytesOf(new Uint8Array(flat))],
  ['<u2', bytesOf(new Uint16Array(flat))],
  ['<i4', bytesOf(new Int32Array(flat))],
  ['<f2', bytesOf(new Float16Array(flat))],
  ['<f4', bytesOf(new Float32Array(flat))],
  ['<f8', bytesOf(new Float64Array(flat))],
])('npy of %s', async (descr, data) => {
  for (const version of [1, 2]) {
    const grid = await readGrid(npy(descr, data, { version }))
    expect([grid.columns, grid.rows, [...grid.values]]).toEqual([3, 2, flat])
  }
})

test('npy in the order of Fortran', async () => {
  const columns = [0, 100, 1, 254, 2, 255]
  const grid = await readGrid(npy('<f4', bytesOf(new Float32Array(columns)), { fortran: true }))
  expect([...grid.values]).toEqual(flat)
})

test('PNG of 8 and of 16 bits, as they are', async () => {
  const raw = { width: 3, height: 2, channels: 1 } as const
  const eight = await sharp(new Uint8Array(flat), { raw }).toColourspace('b-w').png().toBuffer()
  expect([...(await readGrid(eight)).values]).toEqual(flat)
  const wide = flat.map(value => value * 257)
  const sixteen = await sharp(new Uint16Array(wide), { raw }).toColourspace('grey16').png().toBuffer()
  expect([...(await readGrid(sixteen)).values]).toEqual(wide)
})

test('a tiled TIFF of floating-point numbers; NaN is no value', async () => {
  const side = 16
  const values = new Float32Array(side * side).map((_, i) => i / 8 - 3)
  values[5] = Number.NaN
  const { file } = buildTiff(bytesOf(values), [
    [
      ...([
        [256, 4, [side]],
        [257, 4, [side]],
        [258, 3, [32]],
        [259, 3, [1]],
        [262, 3, [1]],
      ] as const),
      ...([
        [277, 3, [1]],
        [322, 3, [side]],
        [323, 3, [side]],
        [324, 4, [8]],
        [325, 4, [1024]],
        [339, 3, [3]],
      ] as const),
    ].map(([tag, type, value]): [number, number, number[]] => [tag, type, [...value]]),
  ])
  const grid = await readGrid(file)
  expect([grid.columns, grid.rows]).toEqual([side, side])
  expect([...grid.values]).toEqual([...values])
})

test('rows of JSON; null is no value', async () => {
  const grid = await readGrid(Buffer.from(' [[0.5, null], [2, -1]]'))
  expect([...grid.values]).toEqual([0.5, Number.NaN, 2, -1])
})

test.each([
  ['nothing', Buffer.alloc(0), 'npy file'],
  ['text', Buffer.from('hello'), 'npy file'],
  ['a broken list', Buffer.from('[[1,'), 'not JSON'],
  ['an empty list', Buffer.from('[[]]'), 'no values'],
  ['ragged rows', Buffer.from('[[1,2],[3]]'), 'equal length'],
  ['words', Buffer.from('[["1"]]'), 'numbers'],
  ['holes only', Buffer.from('[[null]]'), 'no values'],
  ['infinity', Buffer.from('[[1e999]]'), 'infinite'],
  ['a cut npy', npy('<f4', Buffer.alloc(20)), 'not complete'],
  ['a header alone', npy('<f4', Buffer.alloc(0)).subarray(0, 9), 'not complete'],
  ['three axes', npy('<f4', Buffer.alloc(24), { shape: '(1, 2, 3)' }), 'two axes'],
  ['big-endian numbers', npy('>f4', Buffer.alloc(24)), 'little-endian'],
  ['objects', npy('|O', Buffer.alloc(48)), 'little-endian'],
  ['a PNG without an end', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'cannot be read'],
  ['too many values', npy('|u1', Buffer.alloc(0), { shape: `(1, ${MOST_VALUES + 1})` }), 'larger'],
])('%s is refused in words', async (_what, bytes, words) => {
  await expect(readGrid(bytes)).rejects.toMatchObject({ publicMessage: expect.stringContaining(words) })
})

test('a picture in colours is refused', async () => {
  const picture = sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
  await expect(readGrid(await picture.png().toBuffer())).rejects.toMatchObject({ code: 'invalid' })
})
