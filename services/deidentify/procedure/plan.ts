import { openFile } from '@coverslip/wsi/byte-source.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { Removed } from '../report/report.ts'
import { bytesOf, filesOfSlide } from '../result-files.ts'
import { miraxProcedure, procedures } from '../steps/index.ts'
import { runSteps } from './apply.ts'
import type { Choices } from './draft.ts'
import { type InPlaceFormat, isInPlaceFormat } from './in-place.ts'
import { closeMirax, openMiraxDraft } from './mirax/open.ts'
import { openDraft } from './open-draft.ts'
import { removedFrom } from './rewrite.ts'

/** What de-identification would do to a slide. */
export interface Plan {
  format: string
  /** `rewritten`: the format cannot be kept; the result is a pyramid of the pixels. */
  method: 'in-place' | 'rewritten'
  removed: readonly Removed[]
}

/**
 * Finds what would be removed; nothing is written.
 * @param choices of what may stay
 * @throws SlideFileError for a file that cannot be worked on
 */
export async function planFile(path: string, signal?: AbortSignal, choices: Choices = {}): Promise<Plan> {
  const description = await describeSlide(path, signal)
  const { format } = description
  const removed = isInPlaceFormat(format) ? await removedInPlace(path, format, choices, signal) : null
  if (removed) return { format, method: 'in-place', removed }
  const bytes = await bytesOf(await filesOfSlide(path))
  return { format, method: 'rewritten', removed: removedFrom(description, bytes) }
}

async function removedInPlace(
  path: string,
  format: InPlaceFormat,
  choices: Choices,
  signal?: AbortSignal,
): Promise<readonly Removed[] | null> {
  if (format === 'mirax') {
    const opened = await openMiraxDraft(path, choices)
    if (!opened) return null
    return (await runSteps(opened, miraxProcedure, signal).finally(() => closeMirax(opened))).removed
  }
  const source = await openFile(path)
  try {
    const opened = await openDraft(source, format, choices)
    return opened && (await runSteps(opened, procedures[format], signal)).removed
  } finally {
    await source.close()
  }
}
