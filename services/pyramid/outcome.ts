/** How a revision of a slide ends: announced, failed, or gone. */
import { causeCode, type ServiceError } from '@coverslip/platform/errors.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { deleteBuild, findBuild } from './builds.ts'
import type { PyramidDeps } from './deps.ts'
import { partsPrefix, pyramidKey, type SlideRevision } from './keys.ts'
import type { QualityReport } from './quality-report.ts'
import { knownState, lockSlide, type PyramidRecord, saveOutcome, saveReport } from './store.ts'
import type { Workshop } from './workshop.ts'

export const TILE_SIZE = 256

/**
 * Saves and announces a pyramid, once, and forgets its build.
 * @returns false when there is an outcome already, or the slide is gone
 */
export function announce(
  deps: PyramidDeps,
  { slideId, revision, project }: SlideDeidentified,
  file: NonNullable<PyramidRecord['file']>,
  report: QualityReport,
): Promise<boolean> {
  return deps.db.transaction(async trx => {
    await lockSlide(trx, slideId)
    await deleteBuild(trx, { slideId, revision })
    if (!(await saveOutcome(trx, { slideId, revision, project, state: 'done', file }))) return false
    await saveReport(trx, { slideId, revision }, report)
    await deps.publish(trx, 'slides.tiled', {
      slideId,
      revision,
      project,
      pyramid: { key: file.key, bytes: BigInt(file.bytes), sha256: file.sha256 },
      geometry: file.geometry,
      tileSize: TILE_SIZE,
    })
    return true
  })
}

/** Saves and tells why there is no pyramid, once. */
export async function saveFailure(
  deps: PyramidDeps,
  { slideId, revision, project }: Pick<SlideDeidentified, 'slideId' | 'revision' | 'project'>,
  error: ServiceError,
): Promise<void> {
  await deps.db.transaction(async trx => {
    await lockSlide(trx, slideId)
    await deleteBuild(trx, { slideId, revision })
    if (!(await saveOutcome(trx, { slideId, revision, project, state: 'failed', file: null }))) return
    const reason = error.publicMessage
    const code = causeCode(error)
    await deps.publish(trx, 'slides.tiling_failed', { slideId, revision, stage: 'tiling', code, reason })
  })
}

/** A task of a build failed for good, and with it the build. */
export async function failBuild(
  deps: PyramidDeps,
  workshop: Workshop,
  of: SlideRevision,
  error: ServiceError,
): Promise<void> {
  const build = await findBuild(deps.db.query, of)
  if (build) await saveFailure(deps, build.event, error)
  await sweep(deps, workshop, of)
}

/**
 * Removes what nobody needs any more now that there is an outcome: copies, parts, what was stored in vain. Does nothing
 * while the build goes on. Whoever died before this left an event that comes again, and leads here.
 */
export async function sweep(deps: PyramidDeps, workshop: Workshop, of: SlideRevision): Promise<void> {
  const { slideId, revision } = of
  const state = await knownState(deps.db.query, slideId, revision)
  if (!state) return
  await workshop.forget(slideId)
  if (state === 'deleted') return deps.objects.pyramid.deletePrefix(`${slideId}/`)
  await deps.objects.pyramid.deletePrefix(partsPrefix(of))
  if (state === 'failed') await deps.objects.pyramid.deletePrefix(pyramidKey(of))
}
