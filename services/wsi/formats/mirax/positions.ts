import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { SlideFileError } from '../../errors.ts'
import type { MiraxGeometry } from './geometry.ts'

/** A photograph's record: a flag (0 or 1), x and y. */
const RECORD = 9

const inflateAsync = promisify(inflate)

const damaged = (cause?: unknown) =>
  new SlideFileError('damaged', 'The slide is damaged: its list of camera positions cannot be read.', { cause })

/** Photographs in a row and in a column. */
export const photographs = ({ imagesAcross, imagesDown, divisions }: MiraxGeometry) => ({
  across: Math.floor(imagesAcross / divisions),
  down: Math.floor(imagesDown / divisions),
})

/**
 * Upper left corners of the photographs in rows: x, y, x, y, … in pixels of the finest level.
 * @param buffer as stored: plain, or compressed by DEFLATE (the stitching layer of newer slides)
 * @throws SlideFileError `damaged`
 */
export async function storedPositions(
  geometry: MiraxGeometry,
  buffer: Buffer,
  compressed: boolean,
): Promise<Int32Array> {
  const { across, down } = photographs(geometry)
  const length = RECORD * across * down
  const plain = compressed ? await inflateAsync(buffer, { maxOutputLength: length }).catch(rethrow) : buffer
  if (plain.length !== length) throw damaged()
  const positions = new Int32Array(across * down * 2)
  for (let i = 0; i < across * down; i++) {
    if ((plain[i * RECORD] as number) > 1) throw damaged()
    positions[i * 2] = plain.readInt32LE(i * RECORD + 1) * geometry.concat
    positions[i * 2 + 1] = plain.readInt32LE(i * RECORD + 5) * geometry.concat
  }
  return positions
}

function rethrow(cause: unknown): never {
  throw damaged(cause)
}

/** The positions that follow from size and overlap, for slides without a list. */
export function nominalPositions(geometry: MiraxGeometry): Int32Array {
  const { across, down } = photographs(geometry)
  const { imageWidth, imageHeight, divisions, overlapX, overlapY } = geometry
  const positions = new Int32Array(across * down * 2)
  for (let i = 0; i < across * down; i++) {
    positions[i * 2] = (i % across) * (imageWidth * divisions - overlapX)
    positions[i * 2 + 1] = Math.floor(i / across) * (imageHeight * divisions - overlapY)
  }
  return positions
}
