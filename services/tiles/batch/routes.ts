/** Many tiles in one answer: for programs that read a slide tile by tile, and pay for every request. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { toServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall, HttpHandler } from '@coverslip/platform/module.ts'
import type { TileBatch } from '@coverslip/proto/api/tiles.ts'
import type { TileAddress, TileService } from '../deepzoom/tile-service.ts'
import { MEDIA_TYPE } from '../formats.ts'
import { SAFE_HEADERS } from '../hot/headers.ts'
import type { TileMeter } from '../hot/meter.ts'
import type { OpenSlides } from '../slides/slides.ts'
import type { ServedRendition } from '../store.ts'
import { encodeEnd, encodePart, type Part } from './form-data.ts'
import { inOrder } from './in-order.ts'

export interface BatchParts {
  slides: OpenSlides
  tiles: TileService
  meter: TileMeter
}

/** Tiles that are read ahead of the one that is being sent. */
const AHEAD = 8

export const batchRoutes = (parts: BatchParts): Record<string, HttpHandler> => ({
  'POST /tiles/{id}/{rendition}/batch': async call => {
    const { id, rendition: name } = call.params
    const rendition = await parts.slides.rendition(id!, name!)
    call.allow({ project: rendition.project, slide: rendition.slideId })
    const boundary = `tiles-${randomBytes(12).toString('hex')}`
    const type = `multipart/form-data; boundary=${boundary}`
    return {
      headers: { ...SAFE_HEADERS, 'content-type': type },
      body: Readable.from(answer(parts, call, rendition, boundary), { objectMode: false }),
    }
  },
})

async function* answer(
  parts: BatchParts,
  call: HttpCall,
  rendition: ServedRendition,
  boundary: string,
): AsyncGenerator<Buffer> {
  const { tiles, format } = call.body as TileBatch
  const read = (index: number) => readPart(parts, rendition, tiles[index]!, format, call.signal)
  for await (const part of inOrder(tiles.length, AHEAD, read)) yield encodePart(boundary, part)
  yield encodeEnd(boundary)
}

/** A tile that is not to be had says why in its place: the others are of use without it. */
async function readPart(
  { tiles, meter }: BatchParts,
  rendition: ServedRendition,
  at: TileAddress,
  format: TileBatch['format'],
  signal: AbortSignal,
): Promise<Part> {
  const begun = performance.now()
  const name = `${at.level}/${at.x}_${at.y}`
  try {
    const { bytes, from } = await tiles.stored(rendition, at, format, signal)
    meter.record(from, performance.now() - begun, bytes.length)
    return { name, bytes, type: MEDIA_TYPE[format] }
  } catch (error) {
    signal.throwIfAborted()
    return { name, text: toServiceError(error).code }
  }
}
