/**
 * A feature or region that cannot become an annotation. Whoever reads the file adds its place; the reason says what to
 * do and quotes nothing of the file, since free text may name a patient.
 */
export class Unusable extends Error {
  override readonly name = 'Unusable'
  readonly reason: string
  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}
