/** What one line of a manifest says, read and checked. Empty texts and nulls: not said. */
import type { MaterialCodes } from '../store.ts'

export interface ManifestLine extends MaterialCodes {
  /** The source's name, with or without its extension. */
  file: string
  subject: string
  case: string
  specimen: string
  block: string
  glass: string
  /** Other texts that identify the subject and may stand in the file: names, numbers. */
  knownTexts: string[]
  collected: string | null
  consentVersion: string | null
  consentDate: string | null
  consentScope: string[] | null
  international: boolean | null
  commercial: boolean | null
  vitalStatus: 'living' | 'deceased' | null
  vitalStatusBroker: string | null
  /** Shares of the tissue, 0 to 1. */
  tumourFraction: number | null
  normalFraction: number | null
  /** Whoever sends the manifest answers for the fractions. */
  fractionsAttested: boolean | null
}
