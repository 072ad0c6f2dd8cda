/** A person's decision on the result that they looked at. */
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import type { Transaction } from 'kysely'
import type { DeidentifyDeps } from '../received.ts'
import { release } from '../release.ts'
import { removeRenditions } from '../result.ts'
import { findSlide, type Tables } from '../store.ts'
import { appendAudit } from './audit.ts'
import { findGate } from './gate.ts'
import { notLookedAt } from './looks.ts'
import { announcementOf, lockReview, type ReviewTable } from './store.ts'

export interface Decision {
  revision: number
  decision: 'approve' | 'reject'
  reason?: string
}

/** @throws ServiceError `not-found` */
export function mustKnow(review: ReviewTable | undefined): ReviewTable {
  if (!review) throw unknownThing()
  return review
}

/** @throws ServiceError `conflict` when the slide does not wait with that revision */
export function mustBeCurrent({ state, revision }: ReviewTable, seen: number): void {
  if (state === 'redacting')
    throw new ServiceError('conflict', 'The slide is being redacted; look at it again afterwards')
  if (state !== 'waiting') throw new ServiceError('conflict', `The slide does not wait any more: it is ${state}`)
  if (revision !== seen) {
    throw new ServiceError('conflict', `The slide is at revision ${revision} now; look at that before you decide`)
  }
}

/**
 * An approval is of what a person saw: all pictures of the revision were fetched in their name.
 * @throws ServiceError `conflict` that names the pictures to look at
 */
async function mustHaveLooked(trx: Transaction<Tables>, review: ReviewTable, who: string): Promise<void> {
  const missing = await notLookedAt(trx, review, who)
  if (missing.length === 0) return
  const named = missing.map(image => image.split('-').toReversed().join(' ')).join(', ')
  throw new ServiceError('conflict', `Look at the pictures of this revision first: ${named}`)
}

/** Hundreds of slides take their time: an owner may have switched the gate on again. @throws ServiceError `conflict` */
async function mustBeOff(
  { config }: DeidentifyDeps,
  trx: Transaction<Tables>,
  { project }: ReviewTable,
): Promise<void> {
  const { on } = await findGate(trx, project, config.REVIEW_GATE)
  if (on) throw new ServiceError('conflict', 'The gate is on again: a person decides')
}

const DONE = { approve: 'approved', reject: 'rejected' } as const

/**
 * Releases the slide under its name, or turns it down. The same decision on the same revision again is fine and changes
 * nothing, whoever makes it; of two different ones the first counts.
 * @param unseen approves what nobody was shown, since the gate is off
 * @throws ServiceError `conflict`, `not-found`
 */
export async function decide(
  deps: DeidentifyDeps,
  slideId: string,
  decision: Decision,
  who: string,
  { unseen = false } = {},
): Promise<ReviewTable> {
  const decided = await deps.db.transaction(async trx => {
    const review = mustKnow(await lockReview(trx, slideId))
    const again = review.state === DONE[decision.decision] && review.revision === decision.revision
    if (again) return review
    mustBeCurrent(review, decision.revision)
    if (unseen) await mustBeOff(deps, trx, review)
    else if (decision.decision === 'approve') await mustHaveLooked(trx, review, who)
    return settle(deps, trx, review, decision, who)
  })
  if (decided.state === 'rejected') await removeRejected(deps, slideId)
  return decided
}

async function settle(
  deps: DeidentifyDeps,
  trx: Transaction<Tables>,
  review: ReviewTable,
  { decision, reason, revision }: Decision,
  who: string,
): Promise<ReviewTable> {
  const { slide_id: slideId, project } = review
  const [state, at] = [DONE[decision], new Date()]
  const decided = { state, decision, decided_by: who, decided_at: at, reason: reason ?? null, changed_at: at }
  const change = { ...decided, ...(decision === 'approve' ? await approve(deps, trx, review, who) : {}) }
  if (decision === 'reject') await reject(deps, trx, slideId, revision)
  await trx.updateTable('reviews').set(change).where('slide_id', '=', slideId).execute()
  await appendAudit(deps, trx, { who, what: state, project, slideId, revision, ...(reason ? { reason } : {}) })
  return { ...review, ...change }
}

/** From now on the slide is known by its name alone: the research number is forgotten, and so is the way to the source. */
async function approve(deps: DeidentifyDeps, trx: Transaction<Tables>, review: ReviewTable, who: string) {
  const report = (await findSlide(trx, review.slide_id))?.report ?? ''
  const release_name = await release(deps, trx, { ...announcementOf(review), reportJson: report }, who)
  await setSlideState(trx, review.slide_id, 'done')
  return { release_name, research_number: null, received: null }
}

/** The person's words stay in the review and the audit: they may quote what was to be hidden. */
async function reject(deps: DeidentifyDeps, trx: Transaction<Tables>, slideId: string, revision: number) {
  await setSlideState(trx, slideId, 'rejected')
  const told = { stage: 'deidentifying', code: 'rejected', reason: 'A reviewer turned the slide down.' }
  await deps.publish(trx, 'slides.failed', { slideId, revision, ...told })
}

async function setSlideState(trx: Transaction<Tables>, slideId: string, state: 'done' | 'rejected'): Promise<void> {
  const change = { state, changed_at: new Date() }
  await trx.updateTable('slides').set(change).where('slide_id', '=', slideId).where('state', '=', 'review').execute()
}

async function removeRejected(deps: DeidentifyDeps, slideId: string): Promise<void> {
  await removeRenditions(deps, slideId)
  await deps.db.query
    .updateTable('slides')
    .set({ object_key: null })
    .where('slide_id', '=', slideId)
    .where('state', '=', 'rejected')
    .execute()
}

/** Removes results whose rejection was saved by a process that died before it could remove them. */
export async function finishRejections(deps: DeidentifyDeps): Promise<void> {
  const left = await deps.db.query
    .selectFrom('slides')
    .select('slide_id')
    .where('state', '=', 'rejected')
    .where('object_key', 'is not', null)
    .execute()
  for (const { slide_id } of left) await removeRejected(deps, slide_id)
}

/** Approves whatever waits in a project as long as its gate is off. @returns how many slides */
export async function releaseWaiting(
  deps: DeidentifyDeps,
  project: string,
  who: string,
  reason: string,
): Promise<number> {
  const waiting = await deps.db.query
    .selectFrom('reviews')
    .select(['slide_id', 'revision'])
    .where('project', '=', project)
    .where('state', '=', 'waiting')
    .orderBy('arrived_at')
    .execute()
  let released = 0
  for (const { slide_id, revision } of waiting) {
    const decision = { revision, decision: 'approve', reason } as const
    const outcome = await decide(deps, slide_id, decision, who, { unseen: true }).catch(error => {
      // Somebody decided, redacted or deleted it at the same moment.
      if (error instanceof ServiceError && (error.code === 'conflict' || error.code === 'not-found')) return undefined
      throw error
    })
    if (outcome) released += 1
  }
  return released
}
