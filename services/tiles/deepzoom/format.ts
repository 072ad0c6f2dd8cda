/** Tiles in the formats that a path's extension asks for. */
import sharp from 'sharp'
import { type Format, QUALITY } from '../formats.ts'

/** AVIF's default effort takes ten times as long for a hundredth of the bytes. */
const AVIF_EFFORT = 2

/** A JPEG as it is, or encoded anew. */
export async function encodeTile(jpeg: Buffer, format: Format): Promise<Buffer> {
  if (format === 'jpeg') return jpeg
  const picture = sharp(jpeg)
  if (format === 'webp') return picture.webp({ quality: QUALITY }).toBuffer()
  if (format === 'avif') return picture.avif({ quality: QUALITY, effort: AVIF_EFFORT }).toBuffer()
  return picture.png().toBuffer()
}
