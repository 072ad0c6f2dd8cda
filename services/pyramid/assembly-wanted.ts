/** pyramid.assembly_wanted: the parts become one file, streamed into its store, looked at, measured, and announced. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer } from '@coverslip/platform/module.ts'
import type { PyramidAssemblyWanted } from '@coverslip/proto/gen/events/v1/events.ts'
import { type Assembly, assemblePyramid, type PartReader } from '@coverslip/wsi/convert/parts.ts'
import { ASSEMBLY, type Build, findBuild, listParts, storedFraction } from './builds.ts'
import { claim, type Holding, TAKE_OVER_MS, whileHeld } from './claims.ts'
import { energyFactors } from './config.ts'
import type { PyramidDeps } from './deps.ts'
import { inspect, objectSource } from './inspect.ts'
import { partKey, pyramidKey } from './keys.ts'
import { measure } from './measure.ts'
import { announce, failBuild, sweep } from './outcome.ts'
import { tellProgress } from './progress.ts'
import { type Costs, makeReport } from './quality-report.ts'
import { codeSmaller } from './recode.ts'
import { streamSha256 } from './stream-digest.ts'
import type { Workshop } from './workshop.ts'

export const onAssemblyWanted = (deps: PyramidDeps, workshop: Workshop): Consumer<'pyramid.assembly_wanted'> => ({
  concurrency: deps.config.PYRAMID_CONCURRENCY,
  ackWaitMs: TAKE_OVER_MS,
  handle: (message, { signal }) => assembleWanted(deps, workshop, message, signal),
  failed: (message, error) => failBuild(deps, workshop, message, error),
})

async function assembleWanted(
  deps: PyramidDeps,
  workshop: Workshop,
  message: PyramidAssemblyWanted,
  signal: AbortSignal,
): Promise<void> {
  const { slideId, revision } = message
  const held = await claim(deps.db, { slideId, revision, task: ASSEMBLY }, signal)
  const build = held && (await findBuild(deps.db.query, message))
  if (held && build) {
    const tell = () => tellProgress(deps, message)
    await whileHeld(deps.db, held, signal, tell, holding => assemble(deps, workshop, build, holding))
  }
  await sweep(deps, workshop, message)
}

type Parts = Awaited<ReturnType<typeof listParts>>

async function assemble(deps: PyramidDeps, workshop: Workshop, build: Build, holding: Holding): Promise<void> {
  const { event, plan } = build
  const parts = await listParts(deps.db.query, build)
  // A twin of an event that came before the build was planned again.
  if (parts.length < plan.parts) return
  const endCpu = workshop.cpu.begin()
  try {
    const key = pyramidKey(build)
    const stored = await storePyramid(deps, build, parts, key, holding)
    if (!stored) return
    const compared = (fraction: number): void => holding.onProgress(fraction + (1 - fraction) * storedFraction(plan))
    compared(0)
    const pyramid = await objectSource(deps.objects.pyramid, key)
    const geometry = await inspect(pyramid, event, holding.signal)
    const { levels, movedBytes } = await measure(deps, workshop, event, pyramid, { ...holding, onProgress: compared })
    const file = { key, bytes: pyramid.size, sha256: stored.sha256, geometry }
    const costs: Costs = {
      wallSeconds: build.seconds + (performance.now() - stored.begun) / 1000,
      cpuSeconds: build.cpuSeconds + endCpu(),
      movedBytes: build.movedBytes + stored.movedBytes + movedBytes,
      parts: { count: plan.parts, repeated: parts.reduce((sum, { attempts }) => sum + attempts - 1, 0) },
    }
    const measured = { pyramid: { ...file, ...geometry }, levels, coding: plan.coding, costs }
    await announce(deps, event, file, makeReport(event, measured, energyFactors(deps.config), new Date()))
  } finally {
    endCpu()
  }
}

interface Stored {
  sha256: string
  movedBytes: number
  /** Milliseconds of performance.now(). */
  begun: number
}

/** @returns undefined when the pyramid would be too large: its parts are made again with another coding */
async function storePyramid(
  deps: PyramidDeps,
  build: Build,
  parts: Parts,
  key: string,
  { signal, onProgress }: Holding,
): Promise<Stored | undefined> {
  const begun = performance.now()
  const store = deps.objects.pyramid
  if (await store.head(key)) return { ...(await digestOf(deps, key)), begun }
  const sizes = parts.map(({ bytes }) => bytes)
  const assembly = await assemblePyramid(build.plan, sizes, partReader(deps, build), { signal })
  if (await codeSmaller(deps, build, assembly)) return undefined
  // Of an attempt that died; what such uploads hold is paid for, and shown nowhere.
  await store.discardUnfinished(key)
  const stored = storedFraction(build.plan)
  const { body, digest } = hashed(assembly, fraction => onProgress(stored * fraction), signal)
  try {
    await store.put(key, body)
    return { sha256: digest(), movedBytes: assembly.bytes * 2, begun }
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'conflict') throw error
    return { ...(await digestOf(deps, key)), begun }
  }
}

/** The pyramid of an attempt that died before it could tell. */
async function digestOf(deps: PyramidDeps, key: string): Promise<Omit<Stored, 'begun'>> {
  const sha256 = await streamSha256(await deps.objects.pyramid.stream(key))
  const size = (await deps.objects.pyramid.head(key))?.size ?? 0
  return { sha256, movedBytes: size }
}

function partReader({ objects }: PyramidDeps, build: Build): PartReader {
  const keyOf = (part: number): string => partKey(build, build.plan, part)
  return {
    read: (part, offset, length, signal) => objects.pyramid.range(keyOf(part), offset, length, signal),
    stream: (part, offset, length) => objects.pyramid.stream(keyOf(part), { offset, length }),
  }
}

/** The file as a stream that counts and digests what passes. */
function hashed(assembly: Assembly, onProgress: (fraction: number) => void, signal: AbortSignal) {
  const hash = createHash('sha256')
  async function* chunks() {
    let done = 0
    for await (const chunk of assembly.chunks()) {
      signal.throwIfAborted()
      hash.update(chunk)
      done += chunk.length
      onProgress(done / assembly.bytes)
      yield chunk
    }
  }
  return { body: Readable.from(chunks(), { objectMode: false }), digest: () => hash.digest('hex') }
}
