import { createHash } from 'node:crypto'
import { SlideFileError } from '../errors.ts'
import { frameBigTiff } from '../tiff/writer.ts'
import { createLayout, type Layout, type PartCut } from './layout.ts'
import { pyramidPages } from './pages.ts'
import { type PartIndex, readPartIndex } from './part-file.ts'
import { partShare, tilePixels } from './plan.ts'
import { unpackPlanes } from './planes.ts'
import { createPool } from './pool.ts'
import type { PyramidPlan } from './pyramid-plan.ts'
import { createTop, type Top } from './run-parts.ts'

/** How the assembly gets at the parts, wherever they are stored. */
export interface PartReader {
  /** Exactly these bytes of a part's file. */
  read(part: number, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>
  /** These bytes in pieces, in order. */
  stream(part: number, offset: number, length: number): Promise<AsyncIterable<Uint8Array>>
}

/** A pyramid that is ready to be written. */
export interface Assembly {
  /** Size of the file, known before its first byte. */
  bytes: number
  /** Bytes of level 0's tiles. */
  pixels: number
  /** All tiles of all levels, each repeated one counted. */
  tiles: number
  /**
   * The file's bytes from front to back, for one reader; never more of a part in memory than a piece.
   * @throws SlideFileError `damaged` at the end of a part whose tiles are not those that were built: nothing that was
   *   written may be used then
   */
  chunks(): AsyncGenerator<Uint8Array>
}

/**
 * Makes a pyramid of its parts: reads their indexes and shares, makes the levels above, and gives the file as a stream
 * whose length is known.
 * @param sizes bytes of each part's file, in the order of the parts
 * @throws SlideFileError `damaged` for parts that are cut, changed or of another plan; the signal's reason
 */
export async function assemblePyramid(
  plan: PyramidPlan,
  sizes: readonly number[],
  reader: PartReader,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Assembly> {
  if (sizes.length !== plan.parts) throw new RangeError('the plan has another number of parts')
  const pool = createPool(1, { tileSize: plan.tileSize, coding: plan.coding, decoder: null })
  try {
    const layout = createLayout(plan)
    const top = createTop(plan, pool)
    const cuts: PartCut[] = []
    let profile: Buffer = Buffer.alloc(0)
    for (const [part, bytes] of sizes.entries()) {
      signal?.throwIfAborted()
      const index = await readPartIndex(plan, part, bytes, (offset, length) =>
        reader.read(part, offset, length, signal),
      )
      if (part === 0) profile = checkedProfile(plan, index.profile)
      cuts.push(layout.addPart(index))
      await addShare(plan, top, part, index)
    }
    for (const result of top.results) layout.addTop(result)
    const above = [...top.results.map(({ bytes }) => bytes), profile]
    return frame(plan, layout, above, () => streamParts(cuts, reader, signal))
  } finally {
    await pool.stop()
  }
}

async function addShare(plan: PyramidPlan, top: Top, part: number, { share }: PartIndex): Promise<void> {
  const tile = partShare(plan, part)
  if (!tile) return
  const { width, height } = tilePixels(plan, tile)
  await top.add(part, unpackPlanes(share, width, height, plan.coding.subsampling))
}

function checkedProfile(plan: PyramidPlan, profile: Buffer): Buffer {
  const digest = createHash('sha256').update(profile).digest('hex')
  if (plan.profile && plan.profile.sha256 !== digest)
    throw new SlideFileError('damaged', 'A part of the pyramid cannot be used: its colour profile is another one.')
  return profile
}

/** Puts header and index around the parts' tiles and what follows them. */
function frame(
  plan: PyramidPlan,
  layout: Layout,
  above: Uint8Array[],
  parts: () => AsyncGenerator<Uint8Array>,
): Assembly {
  const profileAt = layout.position
  const end = profileAt + (plan.profile?.bytes ?? 0)
  const { header, index } = frameBigTiff(pyramidPages(plan, layout.places, profileAt), end)
  return {
    bytes: end + index.length,
    pixels: layout.pixels,
    tiles: layout.places.reduce((sum, { counts }) => sum + counts.length, 0),
    async *chunks() {
      yield header
      yield* parts()
      yield* above.filter(({ length }) => length > 0)
      yield index
    },
  }
}

async function* streamParts(cuts: PartCut[], reader: PartReader, signal: AbortSignal | undefined) {
  for (const [part, cut] of cuts.entries()) {
    for await (const bytes of streamKept(cut, part, reader)) {
      signal?.throwIfAborted()
      yield bytes
    }
  }
}

/** The stretches of a part that are kept. All of its tiles are read, so that their digest can be checked. */
async function* streamKept({ dataEnd, dataDigest, kept }: PartCut, part: number, reader: PartReader) {
  if (kept.length === 0) return
  const hash = createHash('sha256')
  let [position, next] = [0, 0]
  for await (const bytes of await reader.stream(part, 0, dataEnd)) {
    hash.update(bytes)
    const end = position + bytes.length
    for (let stretch = kept[next]; stretch && stretch.from < end; stretch = kept[next]) {
      const piece = bytes.subarray(Math.max(0, stretch.from - position), stretch.to - position)
      if (piece.length > 0) yield piece
      if (stretch.to > end) break
      next += 1
    }
    position = end
  }
  if (position !== dataEnd || !hash.digest().equals(dataDigest))
    throw new SlideFileError('damaged', 'A part of the pyramid cannot be used: its tiles were changed.')
}
