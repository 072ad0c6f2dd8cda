/** slides.received: the slide's de-identified rendition is made, proven, stored and announced. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { causeCode, ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer, Deps, EventContext } from '@coverslip/platform/module.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { localFolder } from '@coverslip/platform/objects/folder.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import type { SlideReceived } from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import type { config } from './config.ts'
import { type DeidentifiedFiles, deidentifyFile, type ResultFile } from './files.ts'
import { findSlide, markDeleted, saveOutcome, type Tables } from './store.ts'

export const objects = { source: 'read', original: 'write', pyramid: 'write' } as const
export type DeidentifyDeps = Deps<Tables, typeof config, typeof objects>

/** There is one de-identification of a slide so far. */
const REVISION = 1

async function make(deps: DeidentifyDeps, message: SlideReceived, folder: string, signal: AbortSignal) {
  const { slideId, sourceKeys } = message
  const onProgress = (fraction: number) => deps.signal('slides.progress', { slideId, stage: 'deidentifying', fraction })
  onProgress(0)
  const source = await localFolder(deps.objects.source, `${slideId}/1/`, sourceKeys, folder)
  return deidentifyFile(source.path, join(folder, 'result'), { revision: REVISION, signal, onProgress })
}

/**
 * Stores a file of the result. An attempt that ended between storing and announcing has left the object: the same bytes
 * are taken over, others (of an older version of this program) are replaced, since nobody has been told of them.
 */
async function store(objects: Objects, key: string, file: ResultFile, scratch: string): Promise<void> {
  try {
    await objects.putFile(key, file.path)
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'conflict') throw error
    const there = await objects.localFile(key, scratch)
    const sha256 = await fileSha256(there.path).finally(() => there.release())
    if (sha256 === file.sha256) return
    await objects.deletePrefix(key)
    await objects.putFile(key, file.path)
  }
}

const keyOf = (slideId: string, { name }: ResultFile): string => `${slideId}/${REVISION}/${name}`

function recordOf({ slideId, project }: SlideReceived, made: DeidentifiedFiles) {
  const { rendition, files, description, report } = made
  const { bytes, sha256 } = files[0]
  return {
    slideId,
    state: 'done',
    revision: REVISION,
    project,
    format: description.format,
    file: { rendition, key: keyOf(slideId, files[0]), bytes, sha256 },
    report: JSON.stringify(report),
  } as const
}

/** Saves and announces. @returns false when the slide has been deleted meanwhile, or announced by another attempt */
function announce(
  deps: DeidentifyDeps,
  message: SlideReceived,
  made: DeidentifiedFiles,
  record: ReturnType<typeof recordOf>,
) {
  const { width, height, mpp, objectivePower, levels } = made.description
  const geometry = {
    width,
    height,
    mpp: mpp ?? undefined,
    objectivePower: objectivePower ?? undefined,
    levels: levels.map(level => ({ width: level.width, height: level.height })),
  }
  return deps.db.transaction(async trx => {
    if (!(await saveOutcome(trx, record))) return false
    await deps.publish(trx, 'slides.deidentified', {
      slideId: record.slideId,
      revision: record.revision,
      project: record.project,
      rendition: made.rendition === 'original' ? Rendition.ORIGINAL : Rendition.PYRAMID,
      file: { key: record.file.key, bytes: BigInt(record.file.bytes), sha256: record.file.sha256 },
      format: record.format,
      geometry,
      pseudonyms: message.pseudonyms,
      sourceBytes: message.bytes,
      reportJson: record.report,
      release: undefined,
      material: message.material,
      moreFiles: made.files.slice(1).map(file => ({
        key: keyOf(record.slideId, file),
        bytes: BigInt(file.bytes),
        sha256: file.sha256,
      })),
    })
    return true
  })
}

export async function removeRenditions(deps: DeidentifyDeps, slideId: string): Promise<void> {
  await deps.objects.original.deletePrefix(`${slideId}/`)
  await deps.objects.pyramid.deletePrefix(`${slideId}/`)
}

async function deidentifySlide(deps: DeidentifyDeps, message: SlideReceived, { signal }: EventContext): Promise<void> {
  const { slideId } = message
  const known = await findSlide(deps.db.query, slideId)
  if (known?.state === 'deleted') return removeRenditions(deps, slideId)
  if (known) return
  const folder = await mkdtemp(join(deps.scratch, 'deidentify-'))
  try {
    const made = await make(deps, message, folder, signal)
    const record = recordOf(message, made)
    for (const file of made.files) {
      await store(deps.objects[made.rendition], keyOf(slideId, file), file, deps.scratch)
    }
    if (await announce(deps, message, made, record)) return
    const outcome = await findSlide(deps.db.query, slideId)
    if (outcome?.state === 'deleted') await removeRenditions(deps, slideId)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
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
    await markDeleted(deps.db, slideId)
    await removeRenditions(deps, slideId)
  },
})
