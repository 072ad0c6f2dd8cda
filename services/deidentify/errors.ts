/**
 * The result of a de-identification did not pass its own checks: it is never published, and the slide is quarantined for
 * a person to look at. The message names the check, never what was found.
 */
export class VerificationError extends Error {
  override readonly name = 'VerificationError'
  readonly code = 'verification-failed'
  readonly retryable = false
  readonly publicMessage: string
  constructor(check: string) {
    const publicMessage = `De-identification could not be proven: ${check}.`
    super(publicMessage)
    this.publicMessage = publicMessage
  }
}
