/**
 * Pixels with an ICC profile as a TIFF in memory: libvips takes a profile from a file only, and a plain TIFF is the
 * shortest one. One strip, little-endian (TIFF 6.0, section 6; tag 34675 from ICC.1, annex B).
 */

const SHORT = 3
const LONG = 4
const UNDEFINED = 7
const HEADER = 8

/** @param rgb interleaved, 8 bits */
export function profiledTiff(rgb: Uint8Array, width: number, height: number, profile: Uint8Array): Buffer {
  const pixels = HEADER + 6
  const icc = pixels + rgb.length + (rgb.length % 2)
  const directory = icc + profile.length + (profile.length % 2)
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 3, HEADER],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 2],
    [273, LONG, 1, pixels],
    [277, SHORT, 1, 3],
    [278, LONG, 1, height],
    [279, LONG, 1, rgb.length],
    [34675, UNDEFINED, profile.length, icc],
  ]
  const file = Buffer.alloc(directory + 2 + entries.length * 12 + 4)
  file.write('II*\0', 'latin1')
  file.writeUInt32LE(directory, 4)
  for (let i = 0; i < 3; i += 1) file.writeUInt16LE(8, HEADER + i * 2)
  file.set(rgb, pixels)
  file.set(profile, icc)
  file.writeUInt16LE(entries.length, directory)
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = directory + 2 + i * 12
    file.writeUInt16LE(tag, at)
    file.writeUInt16LE(type, at + 2)
    file.writeUInt32LE(count, at + 4)
    // A short lies in the first half of the field, which is the lower one in this byte order.
    file.writeUInt32LE(value, at + 8)
  }
  return file
}
