/** A reviewer marks rectangles: the slide is made anew from its source without them, proven, and put before them again. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { causeCode, ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer } from '@coverslip/platform/module.ts'
import type { SlideRedactionWanted } from '@coverslip/proto/gen/events/v1/events.ts'
import type { Rectangle } from '../files.ts'
import type { DeidentifyDeps } from '../received.ts'
import { announcementOf, makeResult, recordOf, removeRenditions, storeResult } from '../result.ts'
import { replaceOutcome } from '../store.ts'
import { appendAudit } from './audit.ts'
import { mustBeCurrent, mustKnow } from './deciding.ts'
import { propose } from './proposal.ts'
import { factsOf, findReview, lockReview, type ReviewTable, receivedOf, redactedOf, updateProposal } from './store.ts'

/** More than a person draws. */
const MAX_REGIONS = 1000

/**
 * Takes down what is to be blanked; the work follows with the event.
 * @throws ServiceError `conflict` for another revision than the one that waits, `invalid` for a region outside of the slide
 */
export function askRedaction(
  deps: Pick<DeidentifyDeps, 'db' | 'publish' | 'config'>,
  slideId: string,
  { revision, regions }: { revision: number; regions: Rectangle[] },
  who: string,
): Promise<ReviewTable> {
  return deps.db.transaction(async trx => {
    const review = mustKnow(await lockReview(trx, slideId))
    mustBeCurrent(review, revision)
    const { width, height } = factsOf(review)
    if (regions.some(({ x, y }) => x >= width || y >= height)) {
      throw new ServiceError('invalid', 'A region lies outside of the slide')
    }
    const inside = regions.map(({ x, y, ...size }) => ({
      x,
      y,
      width: Math.min(size.width, width - x),
      height: Math.min(size.height, height - y),
    }))
    const all = [...redactedOf(review), ...inside]
    if (all.length > MAX_REGIONS) throw new ServiceError('too-large', `At most ${MAX_REGIONS} regions of a slide`)
    const change = { state: 'redacting' as const, redacted: JSON.stringify(all), changed_at: new Date() }
    await trx.updateTable('reviews').set(change).where('slide_id', '=', slideId).execute()
    await appendAudit(deps, trx, { who, what: 'redaction-asked', project: review.project, slideId, revision })
    await deps.publish(trx, 'slides.redaction_wanted', { slideId, revision })
    return { ...review, ...change }
  })
}

async function redact(deps: DeidentifyDeps, { slideId, revision }: SlideRedactionWanted, signal: AbortSignal) {
  const review = await findReview(deps.db.query, slideId)
  // Done, and perhaps ended before the old result was removed; or deleted, which removes all.
  if (review && review.revision > revision) return removeRenditions(deps, slideId, revision)
  const message = review && receivedOf(review)
  if (!message || review.state !== 'redacting') return
  const next = revision + 1
  const folder = await mkdtemp(join(deps.scratch, 'redact-'))
  try {
    const made = await makeResult(deps, message, { revision: next, redact: redactedOf(review), folder, signal })
    const proposal = await propose(announcementOf(message, next, made), made, signal)
    await storeResult(deps, slideId, next, made)
    const saved = await deps.db.transaction(async trx => {
      const now = await lockReview(trx, slideId)
      if (now?.state !== 'redacting' || now.revision !== revision) return false
      await replaceOutcome(trx, recordOf(message, next, 'review', made))
      await updateProposal(trx, slideId, proposal)
      await appendAudit(deps, trx, { who: '', what: 'redacted', project: message.project, slideId, revision: next })
      await deps.publish(trx, 'slides.review_wanted', { slideId, revision: next })
      return true
    })
    if (saved) await removeRenditions(deps, slideId, revision)
    else if (!(await findReview(deps.db.query, slideId))) await removeRenditions(deps, slideId)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A slide whose redaction cannot be made or proven does not go back to what it was: that showed something. */
async function saveFailure(
  deps: DeidentifyDeps,
  { slideId, revision }: SlideRedactionWanted,
  error: ServiceError,
): Promise<void> {
  const failed = await deps.db.transaction(async trx => {
    const review = await lockReview(trx, slideId)
    if (review?.state !== 'redacting' || review.revision !== revision) return false
    const next = revision + 1
    const { project } = review
    const { format } = factsOf(review)
    await replaceOutcome(trx, { slideId, state: 'failed', revision: next, project, format, file: null, report: null })
    const change = { state: 'failed' as const, changed_at: new Date() }
    await trx.updateTable('reviews').set(change).where('slide_id', '=', slideId).execute()
    const told = { stage: 'deidentifying', code: causeCode(error), reason: error.publicMessage }
    await deps.publish(trx, 'slides.failed', { slideId, revision: next, ...told })
    return true
  })
  if (failed) await removeRenditions(deps, slideId)
}

export const onRedactionWanted = (deps: DeidentifyDeps): Consumer<'slides.redaction_wanted'> => ({
  concurrency: deps.config.DEIDENTIFY_CONCURRENCY,
  handle: (message, { signal }) => redact(deps, message, signal),
  failed: (message, error) => saveFailure(deps, message, error),
})
