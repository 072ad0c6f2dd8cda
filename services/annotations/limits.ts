import { type Content, contentText, verticesOf } from '@coverslip/wsi/annotation-files/annotation.ts'
import { Unusable } from '@coverslip/wsi/annotation-files/errors.ts'

/** One feature must fit into one gRPC message (4 MiB) with room to spare. */
const MAX_FEATURE_BYTES = 3 * 2 ** 20

/** @throws Unusable when an annotation is larger than the system handles */
export function checkSize(content: Content, maxVertices: number): void {
  const vertices = verticesOf(content.geometry)
  if (vertices > maxVertices)
    throw new Unusable(`it has ${vertices} vertices, more than ${maxVertices}; simplify it or cut it in pieces`)
  // A vertex takes some 5 to 40 bytes, so that most annotations need not be written out to be measured.
  if (vertices > 50_000 || hasMuchElse(content)) {
    if (Buffer.byteLength(contentText(content)) > MAX_FEATURE_BYTES)
      throw new Unusable('it is larger than 3 MiB; simplify it, cut it in pieces or take properties away')
  }
}

const hasMuchElse = ({ nucleus, measurements, metadata, properties }: Content): boolean =>
  nucleus !== null || [measurements, metadata, properties].some(entries => Object.keys(entries).length > 0)
