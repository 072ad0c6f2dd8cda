/** A field of a made TIFF: tag, field type, values (text for ASCII, bytes for UNDEFINED). */
export type Field = [tag: number, type: number, value: number[] | string | Buffer]

export interface BuildOptions {
  littleEndian?: boolean
  bigTiff?: boolean
  /** File position that the last IFD names as its next; a loop when it is an IFD's own. */
  lastNext?: number
}

const WIDTHS: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 12: 8, 13: 4, 16: 8 }

/**
 * A TIFF in memory for tests, hostile values included: `data` follows the header, then each IFD with its values.
 * @returns the file and the positions of its IFDs
 */
export function buildTiff(data: Buffer, ifds: Field[][], options: BuildOptions = {}): { file: Buffer; at: number[] } {
  const { littleEndian = true, bigTiff = false, lastNext = 0 } = options
  const put = (width: number, value: number) => number(width, value, littleEndian)
  const pointer = bigTiff ? 8 : 4
  const head = [Buffer.from(littleEndian ? 'II' : 'MM'), put(2, bigTiff ? 43 : 42)]
  if (bigTiff) head.push(put(2, 8), put(2, 0))
  let at = dataStart(bigTiff) + data.length
  const positions: number[] = []
  const body: Buffer[] = [data]
  ifds.forEach((fields, i) => {
    positions.push(at)
    const size = (bigTiff ? 8 : 2) + fields.length * (bigTiff ? 20 : 12) + pointer
    const extra: Buffer[] = []
    let free = at + size
    const entries = fields.map(([tag, type, value]) => {
      const bytes = encode(type, value, littleEndian)
      const inline = bytes.length <= pointer
      if (!inline) extra.push(bytes)
      const field = inline ? Buffer.concat([bytes, Buffer.alloc(pointer - bytes.length)]) : put(pointer, free)
      if (!inline) free += bytes.length
      return Buffer.concat([put(2, tag), put(2, type), put(pointer, bytes.length / (WIDTHS[type] as number)), field])
    })
    const next = i + 1 < ifds.length ? free : lastNext
    body.push(put(bigTiff ? 8 : 2, fields.length), ...entries, put(pointer, next), ...extra)
    at = free
  })
  return { file: Buffer.concat([...head, put(pointer, positions[0] ?? 0), ...body]), at: positions }
}

/** File position of the data handed to `buildTiff`. */
export const dataStart = (bigTiff = false): number => (bigTiff ? 16 : 8)

function encode(type: number, value: number[] | string | Buffer, littleEndian: boolean): Buffer {
  if (typeof value === 'string') return Buffer.from(`${value}\0`)
  if (Buffer.isBuffer(value)) return value
  // A rational is given as one number and stored in thousandths.
  if (type === 5) return Buffer.concat(value.flatMap(v => [v * 1000, 1000].map(n => number(4, n, littleEndian))))
  return Buffer.concat(value.map(v => number(WIDTHS[type] as number, v, littleEndian)))
}

function number(width: number, value: number, littleEndian: boolean): Buffer {
  const view = new DataView(new ArrayBuffer(width))
  if (width === 1) view.setUint8(0, value)
  else if (width === 2) view.setUint16(0, value, littleEndian)
  else if (width === 4) view.setUint32(0, value, littleEndian)
  else view.setBigUint64(0, BigInt(value), littleEndian)
  return Buffer.from(view.buffer)
}
