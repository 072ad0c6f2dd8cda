import { ServiceError } from '../errors.ts'

const SEGMENT = /^[A-Za-z0-9._-]+$/
/** S3's limit for a key. */
const MAX_LENGTH = 1024

/** @throws ServiceError `invalid` unless the key is made of plain segments, none of them `.` or `..`. */
export function checkKey(key: string): void {
  const plain = key.split('/').every(segment => SEGMENT.test(segment) && segment !== '.' && segment !== '..')
  if (!plain || key.length > MAX_LENGTH) throw new ServiceError('invalid', 'This is not a key of an object')
}

/** A prefix is the beginning of a key, or empty. @throws ServiceError `invalid`. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkKey(prefix.endsWith('/') ? `${prefix}x` : prefix)
}

/** As checkPrefix, and never everything at once. */
export function checkDeletable(prefix: string): void {
  if (prefix === '') throw new ServiceError('invalid', 'Deleting needs a prefix')
  checkPrefix(prefix)
}

/** @throws ServiceError `invalid` for what is no range at all. */
export function checkRange(offset: number, length: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
  if (!whole) throw new ServiceError('invalid', 'This is not a range of bytes')
}

export const notFound = (cause?: unknown): ServiceError =>
  new ServiceError('not-found', 'There is no such object', { cause })
export const exists = (cause?: unknown): ServiceError =>
  new ServiceError('conflict', 'This object exists already', { cause })
export const pastEnd = (cause?: unknown): ServiceError =>
  new ServiceError('invalid', 'The range passes the end of the object', { cause })
