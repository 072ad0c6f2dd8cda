import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, open, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { miraxFolder } from '@coverslip/wsi/formats/mirax/detect.ts'
import { parseSlidedat, textOf } from '@coverslip/wsi/formats/mirax/slidedat.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { VerificationError } from '../../errors.ts'
import { miraxProcedure } from '../../steps/index.ts'
import { imagesIn } from '../../steps/mirax/clear-comments.ts'
import { dataName } from '../../steps/mirax/rewrite-slidedat.ts'
import { applyPatches, hasPatch, runSteps } from '../apply.ts'
import type { Choices } from '../draft.ts'
import type { Extent } from '../extents.ts'
import type { Deidentified } from '../in-place.ts'
import { patternsOf, scanFile } from '../scan.ts'
import type { MiraxDraft } from './draft.ts'
import { closeMirax, openMiraxDraft } from './open.ts'

/** Readers ask for the file's name only; object stores are wary of empty files. */
const HEAD = Buffer.alloc(1)

/**
 * Makes the de-identified slide in its own format: the `.mrxs` file and, beside it, the folder of its name. Stored images
 * stay as they are, at their places.
 * @returns null when the slide is stored in a way that cannot be edited
 * @throws SlideFileError, VerificationError
 */
export async function deidentifyMirax(
  sourcePath: string,
  resultPath: string,
  before: SlideDescription,
  signal?: AbortSignal,
  choices: Choices = {},
): Promise<Deidentified | null> {
  const opened = await openMiraxDraft(sourcePath, choices)
  if (!opened) return null
  try {
    const draft = await runSteps(opened, miraxProcedure, signal)
    const blankedBytes = await write(sourcePath, resultPath, draft, signal)
    await verify(resultPath, draft, before, signal)
    return {
      bytes: HEAD.length,
      sha256: createHash('sha256').update(HEAD).digest('hex'),
      levels: before.levels,
      removed: [...draft.removed],
      blankedBytes,
    }
  } finally {
    await closeMirax(opened)
  }
}

/** @returns how many bytes of the data files were taken away */
async function write(source: string, result: string, draft: MiraxDraft, signal?: AbortSignal): Promise<number> {
  const [from, to] = [miraxFolder(source), miraxFolder(result)]
  const { slidedat } = draft
  await mkdir(to)
  let blanked = 0
  for (const [file, { patches, size }] of draft.edits.entries()) {
    const path = join(to, dataName(file))
    const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE
    await copyFile(join(from, textOf(slidedat, 'DATAFILE', `FILE_${file}`)), path, flags)
    await chmod(path, 0o600)
    blanked += Math.max(0, (await stat(path)).size - size)
    await truncate(path, size)
    blanked += await applyPatches(path, patches, signal)
  }
  await writeSynced(join(to, 'Slidedat.ini'), draft.made.slidedat)
  await writeSynced(join(to, 'Index.dat'), draft.made.index)
  await writeSynced(result, HEAD)
  return blanked
}

async function writeSynced(path: string, bytes: Buffer): Promise<void> {
  await writeFile(path, bytes, { flag: 'wx' })
  const file = await open(path, 'r')
  await file.sync()
  await file.close()
}

/** Bytes that are not text: what a short secret may match by chance. */
const picturesIn = (draft: MiraxDraft, file: number): Extent[] =>
  draft.macro?.place.file === file ? [...imagesIn(draft, file), draft.macro.place] : imagesIn(draft, file)

/** Reads the result anew. @throws VerificationError when a check fails */
async function verify(path: string, draft: MiraxDraft, before: SlideDescription, signal?: AbortSignal): Promise<void> {
  const folder = miraxFolder(path)
  const slidedat = parseSlidedat(await readFile(join(folder, 'Slidedat.ini')))
  if (textOf(slidedat, 'GENERAL', 'SLIDE_ID') !== draft.slideId) throw new VerificationError('the slide has no new id')
  const after = await describeSlide(path, signal)
  const facts = ({ width, height, mpp, objectivePower, levels }: SlideDescription) =>
    JSON.stringify([width, height, mpp, objectivePower, levels])
  if (facts(before) !== facts(after)) throw new VerificationError('the result does not describe the same slide')
  const kept = draft.macro ? ['macro'] : []
  if (after.associated.map(({ kind }) => kind).join() !== kept.join())
    throw new VerificationError('a label or macro is still there')
  const patterns = draft.secrets.flatMap(patternsOf)
  for (const file of draft.edits.keys()) {
    const { hits } = await scanFile(join(folder, dataName(file)), patterns, { binary: picturesIn(draft, file), signal })
    if (hits.length > 0) throw new VerificationError('a removed text is still there')
  }
}

/** Whether the procedure, run on its own result, would leave it as it is. @param path a result */
export async function miraxChangesNothing(path: string, signal?: AbortSignal, choices: Choices = {}): Promise<boolean> {
  const opened = await openMiraxDraft(path, choices)
  if (!opened) return false
  try {
    const { removed, made, edits } = await runSteps(opened, miraxProcedure, signal)
    const folder = miraxFolder(path)
    const same = async (name: string, bytes: Buffer) => (await readFile(join(folder, name))).equals(bytes)
    if (removed.length > 0 || !(await same('Slidedat.ini', made.slidedat))) return false
    if (!(await same('Index.dat', made.index))) return false
    for (const [file, { patches, size }] of edits.entries()) {
      const source = opened.data[file]!
      if (source.size !== size) return false
      for (const patch of patches) if (!(await hasPatch(source, patch))) return false
    }
    return true
  } finally {
    await closeMirax(opened)
  }
}
