/** Makes the de-identified result of a source, stores it, and says what is to be told of it. */
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { localFolder } from '@coverslip/platform/objects/folder.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import type { SlideReceived } from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { SubjectsServiceDefinition } from '@coverslip/proto/gen/subjects/v1/subjects.ts'
import { codingFor } from '@coverslip/wsi/convert/quality-policy.ts'
import { type DeidentifiedFiles, deidentifyFile, type Rectangle, type ResultFile } from './files.ts'
import { techniqueOf } from './naming/name.ts'
import { shiftOf } from './procedure/dates.ts'
import type { Choices } from './procedure/draft.ts'
import type { DeidentifyDeps } from './received.ts'
import type { Announcement } from './release.ts'
import { type ReportKeys, reportKeysOf } from './report/signature.ts'
import type { SlideRecord } from './store.ts'

/** Which result of a slide. */
export interface Run {
  revision: number
  /** Blanked on all levels. */
  redact: readonly Rectangle[]
  /** For files of this run; the caller removes it. */
  folder: string
  signal: AbortSignal
}

export async function makeResult(deps: DeidentifyDeps, message: SlideReceived, run: Run): Promise<DeidentifiedFiles> {
  const { slideId, sourceKeys } = message
  const { revision, redact, signal, folder } = run
  const onProgress = (fraction: number) => deps.signal('slides.progress', { slideId, stage: 'deidentifying', fraction })
  onProgress(0)
  const source = await localFolder(deps.objects.source, `${slideId}/1/`, sourceKeys, folder)
  const { texts: knownTexts, ledger } = await knownOf(deps, slideId)
  const keys = await reportKeysOf(deps.config)
  const coding = codingFor(techniqueOf(message.material), deps.config.PYRAMID_CODINGS)
  const told = { revision, keys, knownTexts, ledger, coding }
  // Two attempts at once make the same bytes: neither spoils what the other one has announced.
  const idSeed = createHmac('sha256', keys.input).update(`id of ${slideId}/${revision}`).digest()
  const options = { ...told, redact, signal, onProgress, idSeed, ...choicesOf(deps, message, keys) }
  return deidentifyFile(source.path, join(folder, 'result'), options)
}

/** What the site's settings keep of a slide beside its levels. */
function choicesOf({ config }: DeidentifyDeps, { slideId, pseudonyms }: SlideReceived, { input }: ReportKeys): Choices {
  const { DEIDENTIFY_MACRO: macro, DEIDENTIFY_DATES: dates } = config
  // A slide without a subject is its own.
  const shifted = { keep: 'shifted', days: shiftOf(input, pseudonyms?.subject || slideId) } as const
  return {
    keepMacro: macro === 'drop' ? undefined : macro,
    keepThumbnail: config.DEIDENTIFY_THUMBNAIL === 'keep-clean',
    dates: dates === 'remove' ? undefined : dates === 'year' ? { keep: 'year' } : shifted,
  }
}

/** What the site knows of a slide beside its file; nothing of a slide that came before subjects were kept. */
async function knownOf(deps: DeidentifyDeps, slideId: string): Promise<{ texts: string[]; ledger: boolean }> {
  const subjects = deps.rpc('subjects', SubjectsServiceDefinition)
  try {
    return await subjects.getKnownTexts({ slideId })
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'not-found') return { texts: [], ledger: false }
    throw error
  }
}

const keyOf = (slideId: string, revision: number, { name }: ResultFile): string => `${slideId}/${revision}/${name}`

/** Stores the files of a result and the report on it; they are gone from the disk afterwards. */
export async function storeResult(
  deps: DeidentifyDeps,
  slideId: string,
  revision: number,
  made: DeidentifiedFiles,
): Promise<void> {
  const objects = deps.objects[made.rendition]
  for (const file of [...made.files, ...made.documents])
    await storeFile(objects, keyOf(slideId, revision, file), file, deps.scratch)
}

/**
 * An attempt that ended between storing and announcing has left the object: the same bytes are taken over, others (of an
 * older version of this program) are replaced, since nobody has been told of them.
 */
async function storeFile(objects: Objects, key: string, file: ResultFile, scratch: string): Promise<void> {
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

export function recordOf(
  { slideId, project }: SlideReceived,
  revision: number,
  state: SlideRecord['state'],
  made: DeidentifiedFiles,
): SlideRecord {
  const { rendition, files, description, report } = made
  const { bytes, sha256 } = files[0]
  return {
    slideId,
    state,
    revision,
    project,
    format: description.format,
    file: { rendition, key: keyOf(slideId, revision, files[0]), bytes, sha256 },
    report: JSON.stringify(report),
  }
}

/** What a release of this result tells. */
export function announcementOf(message: SlideReceived, revision: number, made: DeidentifiedFiles): Announcement {
  const { slideId, project, pseudonyms, material, bytes } = message
  const { width, height, mpp, objectivePower, levels, format } = made.description
  const files = made.files.map(file => ({
    key: keyOf(slideId, revision, file),
    bytes: BigInt(file.bytes),
    sha256: file.sha256,
  }))
  return {
    slideId,
    revision,
    project,
    rendition: made.rendition === 'original' ? Rendition.ORIGINAL : Rendition.PYRAMID,
    file: files[0],
    format,
    geometry: {
      width,
      height,
      mpp: mpp ?? undefined,
      objectivePower: objectivePower ?? undefined,
      levels: levels.map(level => ({ width: level.width, height: level.height })),
    },
    pseudonyms,
    sourceBytes: bytes,
    reportJson: JSON.stringify(made.report),
    material,
    moreFiles: files.slice(1),
  }
}

/** Removes what is stored of a slide; of one revision where that is given. */
export async function removeRenditions(
  { objects }: Pick<DeidentifyDeps, 'objects'>,
  slideId: string,
  revision?: number,
): Promise<void> {
  const prefix = revision === undefined ? `${slideId}/` : `${slideId}/${revision}/`
  await objects.original.deletePrefix(prefix)
  await objects.pyramid.deletePrefix(prefix)
}
