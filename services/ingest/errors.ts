/** The project has the slide already. */
export class DuplicateSlideError extends Error {
  override readonly name = 'DuplicateSlideError'
  readonly code = 'duplicate'
  readonly retryable = false
  readonly publicMessage: string
  /** @param slideId the slide that it has */
  constructor(slideId: string) {
    super('the source of a slide is known')
    this.publicMessage = `The project has this slide already, as ${slideId}.`
  }
}
