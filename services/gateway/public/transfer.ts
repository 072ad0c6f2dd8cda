/** Annotation files: streamed in and out, never held whole. */
import { Readable } from 'node:stream'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { attachment } from '@coverslip/platform/http/attachment.ts'
import type { HttpCall, HttpRoutes } from '@coverslip/platform/module.ts'
import { type ExportResponse, FileFormat, type ImportRequest } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import type { Slide } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { allowed } from '../missing.ts'
import type { Clients } from './clients.ts'

const CHUNK = 1024 * 1024

interface Format {
  format: FileFormat
  extension: 'xml' | 'asap.xml' | 'geojson'
  mediaType: string
}
const IMAGESCOPE: Format = { format: FileFormat.IMAGESCOPE_XML, extension: 'xml', mediaType: 'application/xml' }
const ASAP: Format = { format: FileFormat.ASAP_XML, extension: 'asap.xml', mediaType: 'application/xml' }
const GEOJSON: Format = { format: FileFormat.GEOJSON, extension: 'geojson', mediaType: 'application/geo+json' }

export function transferRoutes({ annotations, slides }: Clients, maxBytes: number): NonNullable<HttpRoutes['routes']> {
  const slideOf = (call: HttpCall): Promise<Slide> =>
    allowed(call, call.params.id!, () => slides.findPresent(call.params.id!))

  async function importFile(call: HttpCall, { format }: Format) {
    const { slideId } = await slideOf(call)
    const body = boundedBody(call, maxBytes)
    try {
      const requests = importRequests(slideId, format, body.chunks)
      const { imported, skipped } = await annotations.import(requests, { onBehalfOf: call.token })
      return { body: { imported, skipped } }
    } catch (error) {
      // What broke the body off says more than the call that ended for it.
      throw body.error() ?? error
    } finally {
      // A body that was begun and given up is read to its end: the next request on its connection waits behind it.
      call.stream.resume()
    }
  }

  async function exportFile(call: HttpCall, { format, extension, mediaType }: Format) {
    const { slideId, name, geometry } = await slideOf(call)
    const mpp = geometry?.mpp ? (geometry.mpp.x + geometry.mpp.y) / 2 : 0
    const answers = annotations.export({ slideId, format, mpp }, { onBehalfOf: call.token, signal: call.signal })
    return {
      headers: { 'content-type': mediaType, 'content-disposition': attachment(`${name || slideId}.${extension}`) },
      body: Readable.from(await begun(chunksOf(answers)), { objectMode: false }),
    }
  }

  return {
    'GET /api/slides/{id}/annotations.xml': call => exportFile(call, IMAGESCOPE),
    'POST /api/slides/{id}/annotations.xml': call => importFile(call, IMAGESCOPE),
    'GET /api/slides/{id}/annotations.asap.xml': call => exportFile(call, ASAP),
    'GET /api/slides/{id}/annotations.geojson': call => exportFile(call, GEOJSON),
    'POST /api/slides/{id}/annotations.geojson': call => importFile(call, GEOJSON),
  }
}

async function* chunksOf(answers: AsyncIterable<ExportResponse>): AsyncGenerator<Uint8Array> {
  for await (const { chunk } of answers) yield chunk
}

/** Waits for the first chunk: an error until then is still an answer of its own, not a broken-off file. */
export async function begun<Item>(items: AsyncGenerator<Item>): Promise<AsyncIterable<Item>> {
  const first = await items.next()
  return (async function* () {
    if (first.done) return
    yield first.value
    yield* items
  })()
}

/** The request's body as far as it may go; `error` tells what ended it early. */
function boundedBody(call: HttpCall, maxBytes: number) {
  const tooLarge = new ServiceError('too-large', `An annotation file may have at most ${maxBytes} bytes`)
  if (Number(call.headers['content-length'] ?? 0) > maxBytes) throw tooLarge
  let failed: unknown
  async function* chunks(): AsyncGenerator<Buffer> {
    let size = 0
    try {
      for await (const chunk of call.stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += chunk.length
        if (size > maxBytes) throw tooLarge
        for (let at = 0; at < chunk.length; at += CHUNK) yield chunk.subarray(at, at + CHUNK)
      }
    } catch (error) {
      failed = error
      throw error
    }
  }
  return { chunks: chunks(), error: () => failed }
}

/** Every message names slide and format, so that a file without a byte is a file as well. */
async function* importRequests(
  slideId: string,
  format: FileFormat,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<ImportRequest> {
  yield { slideId, format, chunk: Buffer.alloc(0) }
  for await (const chunk of chunks) yield { slideId, format, chunk }
}
