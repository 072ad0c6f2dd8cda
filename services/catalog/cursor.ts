import { ServiceError } from '@coverslip/platform/errors.ts'

/** The last slide of a page; the next page begins after it. */
export interface Position {
  createdAt: Date
  id: string
}

const SHAPE = /^(\d{1,15}) ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

/** An opaque text for a position. */
export function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()} ${id}`).toString('base64url')
}

/** @throws ServiceError `invalid` for anything but a cursor of this service. */
export function decodeCursor(cursor: string): Position {
  const match = SHAPE.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (!match) throw new ServiceError('invalid', 'The cursor is not one that this list gave out; start without one')
  return { createdAt: new Date(Number(match[1])), id: match[2]! }
}
