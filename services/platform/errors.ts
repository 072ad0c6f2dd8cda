/**
 * Errors that cross a boundary. `publicMessage` may be shown to any caller: it names what to do and never quotes a file
 * name, a header or a value that could identify a patient. `retryable` tells the bus to try again later.
 */
export type ErrorCode =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'precondition-failed'
  | 'precondition-required'
  | 'too-large'
  | 'unsupported'
  | 'too-many'
  | 'storage-full'
  | 'unavailable'
  | 'internal'

export class ServiceError extends Error {
  override readonly name: string = 'ServiceError'
  readonly code: ErrorCode
  readonly publicMessage: string
  readonly retryable: boolean
  /** Field by field, what is wrong with the request. */
  readonly details: readonly string[]
  constructor(code: ErrorCode, publicMessage: string, options: ErrorOptions & { details?: string[] } = {}) {
    super(publicMessage, options)
    this.code = code
    this.publicMessage = publicMessage
    this.retryable = code === 'unavailable' || code === 'storage-full' || code === 'too-many'
    this.details = options.details ?? []
  }
}

/** One answer for what does not exist and for what the caller may not know of: it must not tell the two apart. */
export const unknownThing = (cause?: unknown): ServiceError =>
  new ServiceError('not-found', 'There is no such thing, or not for you', { cause })

/** System errors that pass by themselves: the peer restarts, the disk gets room, the lock is released. */
const PASSING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'ENFILE',
  'EBUSY',
  'ENETUNREACH',
  'EHOSTUNREACH',
])

/** No room: on a disk, in a quota, in PostgreSQL's data folder (disk_full). */
const FULL = new Set(['ENOSPC', 'EDQUOT', '53100'])

/**
 * Makes a ServiceError of anything thrown. Errors of other rooms that carry `code`, `publicMessage` and `retryable` keep
 * their message; passing system errors become `unavailable`; a full disk becomes `storage-full`; the rest is `internal`,
 * whose public message says nothing of the cause.
 */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  if (error instanceof Error) {
    const { publicMessage, retryable, code } = error as { publicMessage?: string; retryable?: boolean; code?: string }
    if (typeof publicMessage === 'string') {
      return new ServiceError(retryable ? 'unavailable' : codeOf(code), publicMessage, { cause: error })
    }
    if (code !== undefined && FULL.has(code)) {
      return new ServiceError('storage-full', 'The storage is full; free some space and try again', { cause: error })
    }
    if (code !== undefined && PASSING.has(code)) {
      return new ServiceError('unavailable', 'A part of the system is not reachable right now', { cause: error })
    }
  }
  return new ServiceError('internal', 'Something went wrong inside; the log has the details', { cause: error })
}

/** The stable code of what went wrong: that of another room's error where it is the cause, else the service's own. */
export function causeCode(error: ServiceError): string {
  const { code, publicMessage } = (error.cause ?? {}) as { code?: unknown; publicMessage?: unknown }
  return typeof publicMessage === 'string' && typeof code === 'string' ? code : error.code
}

/** Foreign codes (of slide files, for one) by what they mean to a caller. */
function codeOf(code: string | undefined): ErrorCode {
  if (code === 'too-large') return 'too-large'
  if (code === 'library-missing') return 'internal'
  return 'unsupported'
}
