/** slides.deidentified: the slide's pyramid is made, or checked where de-identification has made it, and announced. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { causeCode, ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer, Deps } from '@coverslip/platform/module.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { type Geometry, Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { convert, verifyPyramid } from '@coverslip/wsi/convert/index.ts'
import type { config } from './config.ts'

import { knownState, markDeleted, type PyramidRecord, saveOutcome, type Tables } from './store.ts'

export const objects = { original: 'read', pyramid: 'write' } as const
export type PyramidDeps = Deps<Tables, typeof config, typeof objects>

export const TILE_SIZE = 256

type Announced = NonNullable<PyramidRecord['file']>

/** Converts the original into a pyramid object; one of an attempt that died before it could tell is left as it is. */
async function makePyramid(deps: PyramidDeps, message: SlideDeidentified, key: string, signal: AbortSignal) {
  const { slideId } = message
  if (await deps.objects.pyramid.head(key)) return
  const folder = await mkdtemp(join(deps.scratch, 'pyramid-'))
  try {
    const original = await deps.objects.original.localFile(message.file!.key, folder)
    const path = join(folder, 'pyramid.tiff')
    const onProgress = (fraction: number) => deps.signal('slides.progress', { slideId, stage: 'tiling', fraction })
    await convert(original.path, path, { signal, onProgress })
    await deps.objects.pyramid.putFile(key, path).catch((error: unknown) => {
      if (!(error instanceof ServiceError) || error.code !== 'conflict') throw error
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Looks at a pyramid object as its readers will.
 * @throws SlideFileError when it is not a pyramid of ours, ServiceError when it shows another slide
 */
async function inspect(
  deps: PyramidDeps,
  message: SlideDeidentified,
  key: string,
  signal: AbortSignal,
): Promise<Announced> {
  const file = await deps.objects.pyramid.localFile(key, deps.scratch)
  try {
    const { width, height, levels, mpp, objectivePower } = await verifyPyramid(file.path, signal)
    const expected = message.geometry
    if (expected && (expected.width !== width || expected.height !== height)) {
      throw new ServiceError('unsupported', 'The pyramid does not have the size of the slide')
    }
    const geometry: Geometry = {
      width,
      height,
      mpp: mpp ?? expected?.mpp,
      objectivePower: objectivePower ?? expected?.objectivePower,
      levels: levels.map(level => ({ width: level.width, height: level.height })),
    }
    const info = await deps.objects.pyramid.head(key)
    return { key, bytes: info?.size ?? 0, sha256: await fileSha256(file.path, signal), geometry }
  } finally {
    await file.release()
  }
}

function announce(deps: PyramidDeps, { slideId, revision, project }: SlideDeidentified, file: Announced) {
  return deps.db.transaction(async trx => {
    if (!(await saveOutcome(trx, { slideId, revision, project, state: 'done', file }))) return false
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

async function tile(deps: PyramidDeps, message: SlideDeidentified, signal: AbortSignal): Promise<void> {
  const { slideId, revision, rendition } = message
  const known = await knownState(deps.db.query, slideId, revision)
  if (known === 'deleted') return deps.objects.pyramid.deletePrefix(`${slideId}/`)
  if (known) return
  if (!message.file) throw new ServiceError('invalid', 'The event names no file')
  const made = rendition === Rendition.PYRAMID
  const key = made ? message.file.key : `${slideId}/${revision}/pyramid.tiff`
  if (!made) await makePyramid(deps, message, key, signal)
  if (await announce(deps, message, await inspect(deps, message, key, signal))) return
  const outcome = await knownState(deps.db.query, slideId, revision)
  if (outcome === 'deleted') await deps.objects.pyramid.deletePrefix(`${slideId}/`)
}

async function saveFailure(deps: PyramidDeps, message: SlideDeidentified, error: ServiceError): Promise<void> {
  const { slideId, revision, project } = message
  await deps.db.transaction(async trx => {
    if (!(await saveOutcome(trx, { slideId, revision, project, state: 'failed', file: null }))) return
    const reason = error.publicMessage
    const code = causeCode(error)
    await deps.publish(trx, 'slides.tiling_failed', { slideId, revision, stage: 'tiling', code, reason })
  })
}

export const onDeidentified = (deps: PyramidDeps): Consumer<'slides.deidentified'> => ({
  concurrency: deps.config.PYRAMID_CONCURRENCY,
  handle: (message, { signal }) => tile(deps, message, signal),
  failed: (message, error) => saveFailure(deps, message, error),
})

export const onDeleted = (deps: PyramidDeps): Consumer<'slides.deleted'> => ({
  handle: async ({ slideId }) => {
    await markDeleted(deps.db, slideId)
    await deps.objects.pyramid.deletePrefix(`${slideId}/`)
  },
})
