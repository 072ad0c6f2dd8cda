import type { intakeState } from '@coverslip/proto/api.ts'
import type { z } from 'zod'

export type IntakeState = z.infer<typeof intakeState>

/** How far a slide is: which de-identification of it, and where that stands. */
export interface Standing {
  state: IntakeState
  revision: number
}

/** States of the same rank are ends: the first to come stays. */
const RANK: Readonly<Record<IntakeState, number>> = {
  received: 0,
  held: 1,
  deidentifying: 2,
  review: 3,
  tiling: 4,
  ready: 5,
  rejected: 5,
  quarantined: 5,
  failed: 5,
}

/**
 * Whether news moves a slide on. Events of different kinds overtake each other and come twice: only a later state of the
 * same revision counts, or any state of a later one.
 */
export function isNews(current: Standing, news: Standing): boolean {
  if (news.revision !== current.revision) return news.revision > current.revision
  return RANK[news.state] > RANK[current.state]
}

/** A slide whose result could not be proven waits for a person; one that a person turned down is not broken. */
export function stateOfFailure(code: string): IntakeState {
  if (code === 'verification-failed') return 'quarantined'
  return code === 'rejected' ? 'rejected' : 'failed'
}
