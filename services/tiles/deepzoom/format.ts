/** Tiles in the formats that a path's extension asks for. */
import sharp from 'sharp'
import type { TileFormat } from '../cache/keys.ts'

export const MEDIA_TYPES: Record<TileFormat, string> = {
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  png: 'image/png',
  avif: 'image/avif',
}

/** A stored tile has lost what it may lose: what is made of it loses little more. */
const QUALITY = 80
/** AVIF's default effort takes ten times as long for a hundredth of the bytes. */
const AVIF_EFFORT = 2

/** A JPEG as it is, or encoded anew. */
export async function encodeTile(jpeg: Buffer, format: TileFormat): Promise<Buffer> {
  if (format === 'jpeg') return jpeg
  const picture = sharp(jpeg)
  if (format === 'webp') return picture.webp({ quality: QUALITY }).toBuffer()
  if (format === 'avif') return picture.avif({ quality: QUALITY, effort: AVIF_EFFORT }).toBuffer()
  return picture.png().toBuffer()
}
