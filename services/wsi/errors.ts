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
