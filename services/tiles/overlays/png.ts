/**
 * PNG with a palette (W3C PNG, third edition): the picture is coded once, its colours and how much they cover are put in
 * front when it is sent.
 */
import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, 'latin1')
  data.copy(out, 8)
  out.writeUInt32BE(crc32(out.subarray(4, -4)), out.length - 4)
  return out
}

const END = chunk('IEND', Buffer.alloc(0))

const HEADER_LENGTH = 25

/** The picture without colours, one palette entry a pixel: header, then data. */
export async function codeEntries(entries: Uint8Array, width: number, height: number): Promise<Buffer> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Eight bits, a palette; deflate, the filters of the standard, no interlacing.
  header.set([8, 3, 0, 0, 0], 8)
  // Each row begins with its filter, none.
  const rows = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y += 1) rows.set(entries.subarray(y * width, (y + 1) * width), y * (width + 1) + 1)
  return Buffer.concat([chunk('IHDR', header), chunk('IDAT', (await promisify(deflate)(rows)) as Buffer)])
}

/**
 * @param coded by {@link codeEntries}
 * @param colours three bytes an entry
 * @param alphas one byte an entry
 */
export function withColours(coded: Buffer, colours: Buffer, alphas: Buffer): Buffer {
  const [header, data] = [coded.subarray(0, HEADER_LENGTH), coded.subarray(HEADER_LENGTH)]
  return Buffer.concat([SIGNATURE, header, chunk('PLTE', colours), chunk('tRNS', alphas), data, END])
}
