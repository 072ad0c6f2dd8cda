/** A worker thread of the converter: decodes, reduces and encodes one block after another. */
import { parentPort, workerData } from 'node:worker_threads'
import { SlideFileError } from '../errors.ts'
import { release } from '../release.ts'
import { serve } from '../threads.ts'
import { rgbToYuv } from '../turbojpeg.ts'
import type { YuvPlanes } from '../yuv.ts'
import { allocatePadded, type BlockResult, createBlockEncoder, createScratch } from './block.ts'
import { type BlockDecoder, type FillTile, tilesOf } from './decoder.ts'
import type { BlockGeometry } from './plan.ts'
import type { DecoderModule, SourcePixels } from './source.ts'
import type { TileSettings } from './tile-encoder.ts'

/** The same for all jobs of one conversion. `decoder` where workers read the source by themselves. */
export interface WorkerSetup extends TileSettings {
  decoder: DecoderModule | null
}

/** Where a block's pixels come from: the source, or the shares of reduced blocks. */
export type BlockPixels = SourcePixels | { kind: 'planes'; planes: YuvPlanes }

export interface BlockJob {
  block: BlockGeometry
  pixels: BlockPixels
}

export interface WorkerFailure {
  code: SlideFileError['code'] | null
  message: string
}

/** `lent`: memory of a job's planes, given back. */
export type WorkerAnswer = { result: BlockResult; lent: ArrayBuffer | null } | { failure: WorkerFailure }

const setup = workerData as WorkerSetup
const { tileSize, coding } = setup
const scratch = createScratch()
const encodeBlock = createBlockEncoder(setup, scratch)
const decoder = setup.decoder && (await startDecoder(setup.decoder))

async function startDecoder({ module, setup }: DecoderModule): Promise<BlockDecoder<unknown>> {
  const { createDecoder } = (await import(module)) as { createDecoder(setup: unknown): BlockDecoder<unknown> }
  return createDecoder(setup)
}

function tilesFor({ block, pixels }: BlockJob): FillTile {
  if (pixels.kind === 'planes') return tilesOf(pixels.planes, tileSize)
  const { subsampling } = coding
  if (pixels.kind === 'stored') {
    if (!decoder) throw new Error('a stored block without its decoder')
    return decoder.decode(block, pixels.request, { tileSize, subsampling, scratch })
  }
  const canvas = allocatePadded(block.width, block.height, tileSize, subsampling, scratch('pixels'))
  rgbToYuv(pixels.data, block.width, block.height, canvas)
  release(pixels.data)
  return tilesOf(canvas, tileSize)
}

function answer(job: BlockJob): WorkerAnswer {
  try {
    const lent = job.pixels.kind === 'planes' ? (job.pixels.planes.y.buffer as ArrayBuffer) : null
    return { result: encodeBlock(job.block, tilesFor(job)), lent }
  } catch (error) {
    const known = error instanceof SlideFileError
    return { failure: { code: known ? error.code : null, message: known ? error.publicMessage : String(error) } }
  }
}

serve<BlockJob>(job => {
  const message = answer(job)
  // Handed over, not copied; an image's three planes lie in one piece of memory.
  const { result, lent } = 'result' in message ? message : { result: null, lent: null }
  const memory = [result?.bytes.buffer, result?.reduced?.y.buffer, lent].filter(buffer => buffer instanceof ArrayBuffer)
  parentPort?.postMessage(message, memory)
})
