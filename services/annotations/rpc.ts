/** Protobuf messages and what they stand for here; no decisions. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type {
  Feature,
  Box as MessageBox,
  Change as MessageChange,
} from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { type Annotation, uuidFrom } from '@coverslip/wsi/annotation-files/annotation.ts'
import { writeFeature } from '@coverslip/wsi/annotation-files/geojson/write.ts'
import type { Box } from '@coverslip/wsi/annotation-files/geometry.ts'
import type { Change } from './listing.ts'

export const toFeature = (annotation: Annotation): Feature => ({
  id: annotation.id,
  version: BigInt(annotation.version),
  geojson: Buffer.from(JSON.stringify(writeFeature(annotation))),
})

export const toChange = ({ seq, id, annotation }: Change): MessageChange => ({
  seq: BigInt(seq),
  annotationId: id,
  deleted: annotation === undefined,
  feature: annotation && toFeature(annotation),
})

/** @throws ServiceError `not-found`: nothing can have such an id */
export function toId(text: string, what: 'slide' | 'annotation'): string {
  const id = uuidFrom(text)
  if (id === undefined) throw new ServiceError('not-found', `There is no such ${what}`)
  return id
}

/** @throws ServiceError `invalid` */
export function toBox({ x0, y0, x1, y1 }: MessageBox): Box {
  if (x0 <= x1 && y0 <= y1 && [x0, y0, x1, y1].every(Number.isFinite)) return { x0, y0, x1, y1 }
  throw new ServiceError('invalid', 'The box is not x0, y0, x1, y1 with x0 <= x1 and y0 <= y1')
}

/** Where a list goes on, and the slide's counter when its first page was read. */
export interface Cursor {
  after: number
  seq: number
}

export const writeCursor = ({ after, seq }: Cursor): string => Buffer.from(`${after}.${seq}`).toString('base64url')

/** @throws ServiceError `invalid` */
export function readCursor(text: string): Cursor {
  const parts = /^(\d{1,15})\.(\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))
  if (!parts) throw new ServiceError('invalid', 'The cursor is not one of this list; begin without one')
  return { after: Number(parts[1]), seq: Number(parts[2]) }
}
