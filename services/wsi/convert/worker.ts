/** A worker thread of the converter: decodes, reduces and encodes one block after another. */
import { openSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { SlideFileError } from '../errors.ts'
import { serve } from '../threads.ts'
import { rgbToYuv420, type YuvPlanes } from '../turbojpeg.ts'
import { allocatePadded, type BlockResult, createScratch, encodeBlock, type TileSettings } from './block.ts'
import type { BlockGeometry } from './plan.ts'
import { decodeStored, type StoredImage, type StoredTile } from './stored-tiles.ts'

/** The same for all jobs of one conversion. `stored` where workers read the source by themselves. */
export interface WorkerSetup extends TileSettings {
  stored: { path: string; image: StoredImage } | null
}

/** Where a block's pixels come from: stored tiles of the source, RGB pixels, or the shares of reduced blocks. */
export type BlockPixels =
  | { kind: 'stored'; tiles: StoredTile[] }
  | { kind: 'rgb'; data: Uint8Array }
  | { kind: 'planes'; planes: YuvPlanes }

export interface BlockJob {
  block: BlockGeometry
  pixels: BlockPixels
}

export interface WorkerFailure {
  code: SlideFileError['code'] | null
  message: string
}

export type WorkerAnswer = { result: BlockResult } | { failure: WorkerFailure }

const setup = workerData as WorkerSetup
// A Buffer comes over as a plain Uint8Array.
const tables = setup.stored?.image.jpegTables
if (setup.stored && tables) {
  setup.stored.image.jpegTables = Buffer.from(tables.buffer, tables.byteOffset, tables.byteLength)
}
const scratch = createScratch()
const fd = setup.stored ? openSync(setup.stored.path, 'r') : -1

function planesFor({ block, pixels }: BlockJob): YuvPlanes {
  if (pixels.kind === 'planes') return pixels.planes
  const { tileSize, stored } = setup
  if (pixels.kind === 'stored') {
    if (!stored) throw new Error('a block of stored tiles without their image')
    return decodeStored(fd, stored.image, block, pixels.tiles, tileSize, scratch)
  }
  const canvas = allocatePadded(block.width, block.height, tileSize, scratch('pixels'))
  rgbToYuv420(pixels.data, block.width, block.height, canvas)
  return canvas
}

function answer(job: BlockJob): WorkerAnswer {
  try {
    return { result: encodeBlock(job.block, planesFor(job), setup, scratch) }
  } catch (error) {
    const known = error instanceof SlideFileError
    return { failure: { code: known ? error.code : null, message: known ? error.publicMessage : String(error) } }
  }
}

serve<BlockJob>(job => {
  const message = answer(job)
  const result = 'result' in message ? message.result : null
  // Handed over, not copied; an image's three planes lie in one piece of memory.
  const memory = [result?.bytes.buffer, result?.reduced?.y.buffer].filter(buffer => buffer instanceof ArrayBuffer)
  parentPort?.postMessage(message, memory)
})
