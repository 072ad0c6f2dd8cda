/** A pyramid is never larger than what it is made of: it is made again with less quality, or not at all. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { codingFor, decideSize, type StoredSize } from '@coverslip/wsi/convert/quality-policy.ts'
import { askForParts } from './ask.ts'
import { type Build, lockBuild, replan } from './builds.ts'
import type { PyramidDeps } from './deps.ts'
import { bytesOf, techniqueOf } from './event.ts'

/**
 * @param pyramid its size
 * @returns whether its parts are made again, since it would be too large
 * @throws ServiceError `unsupported` when the lowest quality of the technique makes no difference
 */
export async function codeSmaller(deps: PyramidDeps, build: Build, pyramid: StoredSize): Promise<boolean> {
  const { slideId, revision, event, plan } = build
  const policy = codingFor(techniqueOf(event), deps.config.PYRAMID_CODINGS)
  const decision = decideSize(policy, plan.coding, pyramid, {
    bytes: bytesOf(event),
    pixels: plan.sourcePixels ?? null,
  })
  if (decision.kind === 'keep') return false
  if (decision.kind === 'refuse') throw new ServiceError('unsupported', decision.reason)
  await deps.db.transaction(async trx => {
    if (!(await lockBuild(trx, { slideId, revision }))) return
    const smaller = { ...plan, coding: decision.coding }
    const asked = Math.min(plan.parts, deps.config.PYRAMID_WINDOW)
    await replan(trx, build, smaller, asked)
    await askForParts(deps, trx, build, asked)
  })
  return true
}
