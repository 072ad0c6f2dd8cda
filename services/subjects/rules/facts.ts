/** What is known of a slide when the rules of its project look at it. Null: unknown. */
import type { Consent } from '@coverslip/proto/api/selection-rules.ts'
import type { MaterialCodes } from '../store.ts'

/** A share of the tissue, 0 to 1. */
export interface Fraction {
  value: number
  /** Whether a person answers for it; a number in a file alone does not count. */
  attested: boolean
}

export interface Facts {
  /** The subject has taken their consent back, whatever the rules say. */
  withdrawn: boolean
  /** The day the material was taken, `2024-05-31`. */
  collected: string | null
  consent: Consent | null
  vitalStatus: { status: 'living' | 'deceased'; broker: string } | null
  tumourFraction: Fraction | null
  normalFraction: Fraction | null
  material: MaterialCodes
  /** Which of the levels between subject and slide the manifest names. */
  pieces: { case: boolean; specimen: boolean; block: boolean; glass: boolean }
}
