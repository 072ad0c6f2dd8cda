/**
 * A slide file that cannot be read as asked. `publicMessage` is safe to show anywhere: it never quotes a file name or a
 * value found in the file. `code` is stable and machine-readable.
 */
export class SlideFileError extends Error {
  override readonly name: string = 'SlideFileError'
  readonly retryable = false
  readonly code: 'not-a-slide' | 'unsupported' | 'damaged' | 'too-large' | 'library-missing'
  readonly publicMessage: string
  constructor(
    code: 'not-a-slide' | 'unsupported' | 'damaged' | 'too-large' | 'library-missing',
    publicMessage: string,
    options?: ErrorOptions,
  ) {
    super(publicMessage, options)
    this.code = code
    this.publicMessage = publicMessage
  }
}

/** The disk that a slide file is written to is full. Worth another try once there is room. */
export class DiskFullError extends Error {
  override readonly name: string = 'DiskFullError'
  readonly retryable = true
  readonly code = 'disk-full'
  readonly publicMessage: string = 'The disk is full: the pyramid could not be written.'
  constructor(options?: ErrorOptions) {
    super('disk full while writing a slide file', options)
  }
}
