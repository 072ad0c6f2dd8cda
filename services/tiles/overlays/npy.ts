/** Grids as NumPy writes them: numpy.save of an array of two axes, rows first (numpy.lib.format, versions 1 to 3). */
import { checkSize, type Grid, noGrid } from './grid.ts'

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')
export const isNpy = (bytes: Buffer): boolean => bytes.subarray(0, MAGIC.length).equals(MAGIC)

type Read = (view: DataView, at: number) => number
const READERS: Readonly<Record<string, { size: number; read: Read }>> = {
  '|b1': { size: 1, read: (view, at) => view.getUint8(at) },
  '|u1': { size: 1, read: (view, at) => view.getUint8(at) },
  '|i1': { size: 1, read: (view, at) => view.getInt8(at) },
  '<u2': { size: 2, read: (view, at) => view.getUint16(at, true) },
  '<i2': { size: 2, read: (view, at) => view.getInt16(at, true) },
  '<u4': { size: 4, read: (view, at) => view.getUint32(at, true) },
  '<i4': { size: 4, read: (view, at) => view.getInt32(at, true) },
  '<f2': { size: 2, read: (view, at) => view.getFloat16(at, true) },
  '<f4': { size: 4, read: (view, at) => view.getFloat32(at, true) },
  '<f8': { size: 8, read: (view, at) => view.getFloat64(at, true) },
}

/** @throws ServiceError `invalid`, `too-large` */
export function readNpy(bytes: Buffer): Grid {
  const { header, dataAt } = readHeader(bytes)
  const type = /'descr': *'([^']+)'/.exec(header)?.[1] ?? ''
  const shape = /'shape': *\((\d+), *(\d+)\)/.exec(header)
  const reader = Object.hasOwn(READERS, type) ? READERS[type]! : undefined
  if (!reader) throw noGrid('must hold numbers of 8 to 64 bits, little-endian: save it as float32')
  if (!shape) throw noGrid('must have two axes, rows and columns')
  const [rows, columns] = [Number(shape[1]), Number(shape[2])]
  checkSize(columns, rows)
  if (bytes.length - dataAt !== columns * rows * reader.size) throw noGrid('is not complete')
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataAt)
  const values = new Float32Array(columns * rows)
  // In Fortran's order columns come one after the other.
  const [row, column] = /'fortran_order': *True/.test(header) ? [1, rows] : [columns, 1]
  for (let y = 0; y < rows; y += 1)
    for (let x = 0; x < columns; x += 1)
      values[y * columns + x] = reader.read(view, (y * row + x * column) * reader.size)
  return { columns, rows, values }
}

function readHeader(bytes: Buffer): { header: string; dataAt: number } {
  const isLong = bytes[MAGIC.length]! >= 2
  const lengthAt = MAGIC.length + 2
  const textAt = lengthAt + (isLong ? 4 : 2)
  if (bytes.length < textAt) throw noGrid('is not complete')
  const dataAt = textAt + (isLong ? bytes.readUInt32LE(lengthAt) : bytes.readUInt16LE(lengthAt))
  if (dataAt > bytes.length) throw noGrid('is not complete')
  return { header: bytes.toString('latin1', textAt, dataAt), dataAt }
}
