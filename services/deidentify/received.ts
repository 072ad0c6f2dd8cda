/** slides.received: the slide's de-identified rendition is made, proven and stored; then a person looks, or it is released. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { countObjects, noteErasure, takeReceipt } from '@coverslip/platform/erasure.ts'
import { causeCode, type ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer, Deps, EventContext } from '@coverslip/platform/module.ts'
import type { SlideReceived } from '@coverslip/proto/gen/events/v1/events.ts'
import { forgetAnnotationFiles } from './annotation-files.ts'
import type { config } from './config.ts'
import { newResearchNumber } from './naming/characters.ts'
import { release } from './release.ts'
import { announcementOf, makeResult, recordOf, removeRenditions, storeResult } from './result.ts'
import { appendAudit } from './review/audit.ts'
import { findGate } from './review/gate.ts'
import { propose } from './review/proposal.ts'
import { insertReview, type Proposal } from './review/store.ts'
import { findSlide, markDeleted, type SlideRecord, saveOutcome, type Tables } from './store.ts'

export const objects = { source: 'read', original: 'write', pyramid: 'write' } as const
export type DeidentifyDeps = Deps<Tables, typeof config, typeof objects>

/** The first result of a slide; a redaction makes the next. */
const REVISION = 1

async function deidentifySlide(deps: DeidentifyDeps, message: SlideReceived, { signal }: EventContext): Promise<void> {
  const { slideId } = message
  const known = await findSlide(deps.db.query, slideId)
  if (known?.state === 'deleted') return removeRenditions(deps, slideId)
  if (known) return
  const folder = await mkdtemp(join(deps.scratch, 'deidentify-'))
  try {
    const made = await makeResult(deps, message, { revision: REVISION, redact: [], folder, signal })
    const proposal = await propose(announcementOf(message, REVISION, made), made, signal)
    const record = recordOf(message, REVISION, 'done', made)
    await storeResult(deps, slideId, REVISION, made)
    if (await settle(deps, message, record, proposal)) return
    const outcome = await findSlide(deps.db.query, slideId)
    if (outcome?.state === 'deleted') await removeRenditions(deps, slideId)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Puts the result before a person, or releases it where the gate is off.
 * @returns false when the slide has been deleted meanwhile, or another attempt was faster
 */
function settle(
  deps: DeidentifyDeps,
  message: SlideReceived,
  record: SlideRecord,
  proposal: Proposal,
): Promise<boolean> {
  const { slideId, project } = message
  const revision = REVISION
  return deps.db.transaction(async trx => {
    const gate = await findGate(trx, project, deps.config.REVIEW_GATE)
    if (!(await saveOutcome(trx, { ...record, state: gate.on ? 'review' : 'done' }))) return false
    if (gate.on) {
      await insertReview(trx, message, message.researchNumber || newResearchNumber(), proposal)
      await deps.publish(trx, 'slides.review_wanted', { slideId, revision })
    } else {
      await release(deps, trx, proposal.announcement, '')
      await appendAudit(deps, trx, { who: '', what: 'released-without-review', project, slideId, revision })
    }
    return true
  })
}

async function saveFailure(deps: DeidentifyDeps, message: SlideReceived, error: ServiceError): Promise<void> {
  const { slideId, project, format } = message
  await deps.db.transaction(async trx => {
    const failed = { slideId, state: 'failed', revision: REVISION, project, format, file: null, report: null } as const
    if (!(await saveOutcome(trx, failed))) return
    const reason = error.publicMessage
    const code = causeCode(error)
    await deps.publish(trx, 'slides.failed', { slideId, revision: REVISION, stage: 'deidentifying', code, reason })
  })
}

export const onReceived = (deps: DeidentifyDeps): Consumer<'slides.received'> => ({
  concurrency: deps.config.DEIDENTIFY_CONCURRENCY,
  handle: (message, context) => deidentifySlide(deps, message, context),
  failed: (message, error) => saveFailure(deps, message, error),
})

export const onDeleted = (deps: DeidentifyDeps): Consumer<'slides.deleted'> => ({
  handle: async ({ slideId }) => {
    const known = await findSlide(deps.db.query, slideId)
    const { original, pyramid } = deps.objects
    const found = await countObjects([original, `${slideId}/`], [pyramid, `${slideId}/`])
    const rows = known && known.state !== 'deleted' ? 1 : 0
    await noteErasure(deps.db.query, slideId, { ...found, rows })
    await markDeleted(deps, slideId)
    await forgetAnnotationFiles(deps.db.query, slideId)
    await removeRenditions(deps, slideId)
    await deps.db.transaction(async trx => {
      const receipt = await takeReceipt(trx, slideId)
      const keeper = { service: 'deidentify', site: deps.site }
      if (receipt) await deps.publish(trx, 'slides.erased', { slideId, ...keeper, ...receipt })
    })
  },
})
