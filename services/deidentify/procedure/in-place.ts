import { stat } from 'node:fs/promises'
import { openFile } from '@coverslip/wsi/byte-source.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { levelsOf } from '@coverslip/wsi/formats/pages.ts'
import type { Level, SlideDescription } from '@coverslip/wsi/slide.ts'
import type { Removed } from '../report/report.ts'
import { procedures } from '../steps/index.ts'
import { canRedactTiles } from '../steps/redact-tiles.ts'
import { runSteps, writeResult } from './apply.ts'
import { type Choices, levelPages, type TiffFormat } from './draft.ts'
import { deidentifyMirax } from './mirax/in-place.ts'
import { openDraft } from './open-draft.ts'
import { verifyResult } from './verify.ts'

/** A de-identified file and what it takes to report on it. */
export interface Deidentified {
  bytes: number
  sha256: string
  levels: Level[]
  removed: Removed[]
  blankedBytes: number
}

/** The formats whose files are edited in place; the others are rewritten from their pixels. */
export type InPlaceFormat = TiffFormat | 'mirax'

export const isInPlaceFormat = (format: string): format is InPlaceFormat =>
  format === 'mirax' || Object.hasOwn(procedures, format)

/**
 * Makes the de-identified file in the vendor's format; the tiles of all levels stay as they are, at their places.
 * @param resultPath must not exist; of MIRAX ends `.mrxs`, and its folder must not exist either
 * @returns null when the file is stored in a way that cannot be edited, or not redacted where that is asked for
 * @throws SlideFileError for a file that cannot be read, VerificationError for a result that did not pass its checks
 */
export async function deidentifyInPlace(
  sourcePath: string,
  resultPath: string,
  before: SlideDescription & { format: InPlaceFormat },
  signal?: AbortSignal,
  choices: Choices = {},
): Promise<Deidentified | null> {
  const { format } = before
  const redacts = choices.redact !== undefined && choices.redact.length > 0
  if (format === 'mirax') {
    const made = deidentifyMirax(sourcePath, resultPath, before, signal, choices)
    return redacts ? made.catch(unredactable) : made
  }
  const source = await openFile(sourcePath)
  try {
    const opened = await openDraft(source, format, choices)
    if (!opened || (redacts && !(await canRedactTiles(opened)))) return null
    const running = runSteps(opened, procedures[format], signal)
    const draft = await (redacts ? running.catch(unredactable) : running)
    if (!draft) return null
    const blankedBytes = await writeResult(sourcePath, resultPath, draft, signal)
    const sha256 = await verifyResult(resultPath, draft, before, signal)
    const levels = levelsOf(levelPages(draft).map(({ image }) => image)).toSorted((a, b) => b.width - a.width)
    const { size: bytes } = await stat(resultPath)
    return { bytes, sha256, levels, removed: [...draft.removed], blankedBytes }
  } finally {
    await source.close()
  }
}

/** A stream may be coded in a way that leaves no room for white: found when it is tried, before anything is written. */
function unredactable(error: unknown): null {
  if (error instanceof SlideFileError && error.code === 'unsupported') return null
  throw error
}
