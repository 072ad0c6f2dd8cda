/** A well-formed request for something that this server does not do: 501, which the platform has no code for. */
export class NotImplementedError extends Error {
  override readonly name = 'NotImplementedError'
  readonly publicMessage: string
  constructor(publicMessage: string) {
    super(publicMessage)
    this.publicMessage = publicMessage
  }
}
