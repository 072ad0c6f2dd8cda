/** Pages of a list that is ordered by a time and an id. */
import { ServiceError } from './errors.ts'

/** The last row of a page; the next page begins behind it. Times count in milliseconds. */
export interface Position {
  at: Date
  id: string
}

const SHAPE = /^(\d{1,15}) ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

/** An opaque text for a position. */
export function writeCursor({ at, id }: Position): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url')
}

/** @throws ServiceError `invalid` for anything but a cursor that {@link writeCursor} made */
export function readCursor(cursor: string): Position {
  const match = SHAPE.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (!match) throw new ServiceError('invalid', 'The cursor is not one that this list gave out; start without one')
  return { at: new Date(Number(match[1])), id: match[2]! }
}

/** @param rows in order; one more than `limit` of them when there is a next page */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => Position,
): { page: Row[]; nextCursor: string | null } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { page, nextCursor: rows.length > limit && last ? writeCursor(positionOf(last)) : null }
}
