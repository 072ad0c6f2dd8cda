/** pyramid.part_wanted: one part is built and stored; the last one asks for the assembly. */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer } from '@coverslip/platform/module.ts'
import type { PyramidPartWanted } from '@coverslip/proto/gen/events/v1/events.ts'
import { type Build, type BuiltPart, findBuild, finishPart, lockBuild } from './builds.ts'
import { claim, type Holding, TAKE_OVER_MS, whileHeld } from './claims.ts'
import type { PyramidDeps } from './deps.ts'
import { partKey } from './keys.ts'
import { failBuild, sweep } from './outcome.ts'
import { tellProgress } from './progress.ts'
import { streamSha256 } from './stream-digest.ts'
import type { Workshop } from './workshop.ts'

export const onPartWanted = (deps: PyramidDeps, workshop: Workshop): Consumer<'pyramid.part_wanted'> => ({
  concurrency: deps.config.PYRAMID_CONCURRENCY,
  ackWaitMs: TAKE_OVER_MS,
  handle: (message, { signal }) => buildWanted(deps, workshop, message, signal),
  failed: (message, error) => failBuild(deps, workshop, message, error),
})

async function buildWanted(
  deps: PyramidDeps,
  workshop: Workshop,
  message: PyramidPartWanted,
  signal: AbortSignal,
): Promise<void> {
  const { slideId, revision, part } = message
  const held = await claim(deps.db, { slideId, revision, task: part }, signal)
  const build = held && (await findBuild(deps.db.query, message))
  if (!held || !build) return sweep(deps, workshop, message)
  const tell = () => tellProgress(deps, message)
  const finished = await whileHeld(deps.db, held, signal, tell, async holding => {
    const made = (await takeOver(deps, build, part)) ?? (await makePart(deps, workshop, build, part, holding))
    return finish(deps, build, part, made)
  })
  if (!finished) await sweep(deps, workshop, message)
}

/** A part that a worker stored before it died, or before it could tell. */
async function takeOver(deps: PyramidDeps, build: Build, part: number): Promise<BuiltPart | undefined> {
  const key = partKey(build, build.plan, part)
  const stored = await deps.objects.pyramid.head(key)
  if (!stored) return undefined
  const sha256 = await streamSha256(await deps.objects.pyramid.stream(key))
  return { bytes: stored.size, sha256, cpuSeconds: 0, movedBytes: stored.size }
}

async function makePart(
  deps: PyramidDeps,
  workshop: Workshop,
  build: Build,
  part: number,
  { signal, onProgress }: Holding,
): Promise<BuiltPart> {
  const path = join(deps.scratch, `${randomUUID()}.part`)
  const endCpu = workshop.cpu.begin()
  const { builder, movedBytes, giveBack } = await workshop.builder(build)
  let broken = true
  try {
    const { bytes, sha256 } = await builder.build(part, path, { signal, onProgress })
    broken = false
    await deps.objects.pyramid.putFile(partKey(build, build.plan, part), path).catch(unlessStored)
    return { bytes, sha256, cpuSeconds: endCpu(), movedBytes: movedBytes + bytes }
  } finally {
    endCpu()
    await giveBack(broken)
    await rm(path, { force: true })
  }
}

/** A twin was quicker: the same plan gives the same bytes. */
function unlessStored(error: unknown): void {
  if (!(error instanceof ServiceError) || error.code !== 'conflict') throw error
}

/** @returns whether the build is still wanted */
function finish(deps: PyramidDeps, { slideId, revision, plan }: Build, part: number, made: BuiltPart) {
  return deps.db.transaction(async trx => {
    const build = await lockBuild(trx, { slideId, revision })
    // Planned again meanwhile: this is a part of what nobody wants any more.
    if (!build || partKey(build, build.plan, part) !== partKey(build, plan, part)) return false
    const { next, complete } = await finishPart(trx, build, part, made)
    if (next !== null) await deps.publish(trx, 'pyramid.part_wanted', { slideId, revision, part: next })
    if (complete) await deps.publish(trx, 'pyramid.assembly_wanted', { slideId, revision })
    return true
  })
}
