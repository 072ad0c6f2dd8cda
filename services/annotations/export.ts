/** From stored annotations to the text of a file, in pieces. */
import type { Annotation } from '@coverslip/wsi/annotation-files/annotation.ts'
import { asapWriter } from '@coverslip/wsi/annotation-files/asap/write.ts'
import { writeFeature } from '@coverslip/wsi/annotation-files/geojson/write.ts'
import { imageScopeWriter } from '@coverslip/wsi/annotation-files/imagescope/write.ts'

type Pages = AsyncIterable<readonly Annotation[]>

/** A FeatureCollection, one feature a line. */
export async function* exportGeoJson(pages: Pages): AsyncGenerator<string> {
  yield '{"type":"FeatureCollection","features":[\n'
  let separator = ''
  for await (const page of pages) {
    for (const annotation of page) {
      yield separator + JSON.stringify(writeFeature(annotation))
      separator = ',\n'
    }
  }
  yield '\n]}\n'
}

/** Layers stand one after the other in the file, so it is collected before its first piece goes out. */
export async function* exportImageScope(pages: Pages, mpp: number): AsyncGenerator<string> {
  const writer = imageScopeWriter(mpp)
  for await (const page of pages) for (const { content } of page) writer.add(content)
  yield* writer.finish()
}

export async function* exportAsap(pages: Pages): AsyncGenerator<string> {
  const writer = asapWriter()
  for await (const page of pages) for (const { content } of page) writer.add(content)
  yield* writer.finish()
}

/** Joins and cuts pieces of text into chunks of UTF-8 of at most `size` bytes. */
export async function* chunked(pieces: AsyncIterable<string>, size: number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = []
  let length = 0
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece)
    waiting.push(bytes)
    length += bytes.length
    if (length < size) continue
    const joined = Buffer.concat(waiting)
    let at = 0
    for (; length - at >= size; at += size) yield joined.subarray(at, at + size)
    waiting = [joined.subarray(at)]
    length -= at
  }
  if (length > 0) yield Buffer.concat(waiting)
}
