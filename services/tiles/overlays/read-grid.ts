/** Grids in the formats in which they come; which one is seen by their first bytes. */
import sharp from 'sharp'
import { checkSize, type Grid, MOST_VALUES, noGrid } from './grid.ts'
import { isNpy, readNpy } from './npy.ts'

/** As 64-bit numbers, with a header. */
export const MOST_BYTES = MOST_VALUES * 8 + 64 * 1024

const PNG = '\x89PNG'
const TIFFS = ['II*\0', 'MM\0*', 'II+\0', 'MM\0+']

/** @throws ServiceError `invalid`, `too-large`, with what to do about it */
export async function readGrid(bytes: Buffer): Promise<Grid> {
  const grid = await decode(bytes)
  if (grid.values.some(value => Math.abs(value) === Number.POSITIVE_INFINITY)) throw noGrid('holds infinite values')
  if (grid.values.every(Number.isNaN)) throw noGrid('has no values')
  return grid
}

function decode(bytes: Buffer): Grid | Promise<Grid> {
  const start = bytes.toString('latin1', 0, 4)
  if (start === PNG || TIFFS.includes(start)) return readPicture(bytes)
  if (isNpy(bytes)) return readNpy(bytes)
  if (/^\s*\[/.test(start)) return readRows(bytes)
  throw noGrid('must be an npy file, a PNG or TIFF of a single channel, or rows of numbers as JSON')
}

/** A picture of a single channel; its values are taken as they are. */
async function readPicture(bytes: Buffer): Promise<Grid> {
  const options = { limitInputPixels: MOST_VALUES, failOn: 'error' } as const
  const wrong = (cause: unknown) => Promise.reject(noGrid('is a picture that cannot be read', cause))
  const { width, height, channels, depth } = await sharp(bytes, { ...options, limitInputPixels: false })
    .metadata()
    .catch(wrong)
  checkSize(width, height)
  if (channels !== 1) throw noGrid('must be a picture of a single channel')
  // In libvips' other colour spaces 16 bits would become 8.
  const space = depth === 'ushort' ? 'grey16' : 'b-w'
  if (!['uchar', 'ushort', 'float'].includes(depth)) throw noGrid('must have 8 or 16 bits, or 32-bit floating point')
  const raw = await sharp(bytes, options).toColourspace(space).raw({ depth: 'float' }).toBuffer().catch(wrong)
  return { columns: width, rows: height, values: new Float32Array(new Uint8Array(raw).buffer) }
}

/** `[[0.1, null, 0.3], …]`: rows from above, null where there is no value. */
function readRows(bytes: Buffer): Grid {
  const rows = parse(bytes)
  const columns = Array.isArray(rows[0]) ? rows[0].length : 0
  checkSize(columns, rows.length)
  const values = new Float32Array(columns * rows.length)
  for (const [y, row] of rows.entries()) {
    if (!Array.isArray(row) || row.length !== columns) throw noGrid('must have rows of equal length')
    for (const [x, value] of row.entries()) {
      if (value !== null && typeof value !== 'number') throw noGrid('must hold numbers, or null')
      values[y * columns + x] = value ?? Number.NaN
    }
  }
  return { columns, rows: rows.length, values }
}

function parse(bytes: Buffer): unknown[] {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw noGrid('is not JSON', cause)
  }
}
