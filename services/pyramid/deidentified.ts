/** slides.deidentified: the slide's pyramid is planned, or looked at where de-identification has made it. */
import { countObjects, noteErasure, takeReceipt } from '@coverslip/platform/erasure.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer } from '@coverslip/platform/module.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { planSlide } from '@coverslip/wsi/convert/parts.ts'
import { codingFor } from '@coverslip/wsi/convert/quality-policy.ts'
import { askForParts } from './ask.ts'
import { findBuild, insertBuild } from './builds.ts'
import { energyFactors } from './config.ts'
import type { PyramidDeps } from './deps.ts'
import { isMade, techniqueOf } from './event.ts'
import { inspect, objectSource } from './inspect.ts'
import { announce, saveFailure, sweep, TILE_SIZE } from './outcome.ts'
import { makeReport, NO_COSTS } from './quality-report.ts'
import { knownState, lockSlide, markDeleted } from './store.ts'
import { streamSha256 } from './stream-digest.ts'
import type { Workshop } from './workshop.ts'

export const onDeidentified = (deps: PyramidDeps, workshop: Workshop): Consumer<'slides.deidentified'> => ({
  concurrency: deps.config.PYRAMID_CONCURRENCY,
  handle: (message, { signal }) => tile(deps, workshop, message, signal),
  failed: (message, error) => saveFailure(deps, message, error),
})

async function tile(
  deps: PyramidDeps,
  workshop: Workshop,
  message: SlideDeidentified,
  signal: AbortSignal,
): Promise<void> {
  const known = await knownState(deps.db.query, message.slideId, message.revision)
  if (known === 'deleted') return sweep(deps, workshop, message)
  if (known) return
  if (isMade(message)) await checkMade(deps, message, signal)
  else await planBuild(deps, workshop, message, signal)
}

/** Looks at the pyramid that de-identification has made, and announces it. */
async function checkMade(deps: PyramidDeps, message: SlideDeidentified, signal: AbortSignal): Promise<void> {
  const { key, sha256: announced } = fileOf(message)
  const pyramid = await objectSource(deps.objects.pyramid, key)
  const geometry = await inspect(pyramid, message, signal)
  const sha256 = await streamSha256(await deps.objects.pyramid.stream(key))
  if (sha256 !== announced) throw new ServiceError('unsupported', 'The pyramid is not the one that was announced')
  const file = { key, bytes: pyramid.size, sha256, geometry }
  const costs = { ...NO_COSTS, movedBytes: pyramid.size }
  const measured = { pyramid: { ...file, ...geometry }, levels: [], coding: null, costs }
  await announce(deps, message, file, makeReport(message, measured, energyFactors(deps.config), new Date()))
}

function fileOf({ file }: SlideDeidentified): NonNullable<SlideDeidentified['file']> {
  if (!file) throw new ServiceError('invalid', 'The event names no file')
  return file
}

/** Plans the parts and asks for the first of them. */
async function planBuild(
  deps: PyramidDeps,
  workshop: Workshop,
  message: SlideDeidentified,
  signal: AbortSignal,
): Promise<void> {
  if (await findBuild(deps.db.query, message)) return
  const original = await workshop.original(message)
  try {
    const coding = codingFor(techniqueOf(message), deps.config.PYRAMID_CODINGS)
    const partSize = deps.config.PYRAMID_PART_SIZE
    const plan = await planSlide(original.path, { tileSize: TILE_SIZE, coding, partSize }, signal)
    const asked = Math.min(plan.parts, deps.config.PYRAMID_WINDOW)
    await deps.db.transaction(async trx => {
      await lockSlide(trx, message.slideId)
      if ((await knownState(trx, message.slideId, message.revision)) !== undefined) return
      if (await insertBuild(trx, message, plan, asked)) await askForParts(deps, trx, message, asked)
    })
  } finally {
    original.release()
  }
}

export const onDeleted = (deps: PyramidDeps, workshop: Workshop): Consumer<'slides.deleted'> => ({
  handle: async ({ slideId }) => {
    const found = await countObjects([deps.objects.pyramid, `${slideId}/`])
    await noteErasure(deps.db.query, slideId, { ...found, rows: await markDeleted(deps.db, slideId) })
    await workshop.forget(slideId)
    await deps.objects.pyramid.deletePrefix(`${slideId}/`)
    await deps.db.transaction(async trx => {
      const receipt = await takeReceipt(trx, slideId)
      const keeper = { service: 'pyramid', site: deps.site }
      if (receipt) await deps.publish(trx, 'slides.erased', { slideId, ...keeper, ...receipt })
    })
  },
})
