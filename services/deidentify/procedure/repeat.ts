import { openFile } from '@coverslip/wsi/byte-source.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { procedures } from '../steps/index.ts'
import { hasPatch, runSteps } from './apply.ts'
import type { Choices } from './draft.ts'
import { isInPlaceFormat } from './in-place.ts'
import { miraxChangesNothing } from './mirax/in-place.ts'
import { openDraft } from './open-draft.ts'

/** Dates of a result have been moved already. */
const UNMOVED = { keep: 'shifted', days: 0 } as const

/**
 * Whether the procedure, run on its own result, would leave it as it is.
 * @param path a result in a format that is edited in place
 */
export async function changesNothing(path: string, signal?: AbortSignal, choices: Choices = {}): Promise<boolean> {
  const again = { ...choices, redact: [], ...(choices.dates?.keep === 'shifted' ? { dates: UNMOVED } : {}) }
  const { format } = await describeSlide(path, signal)
  if (!isInPlaceFormat(format)) return false
  if (format === 'mirax') return miraxChangesNothing(path, signal, again)
  const source = await openFile(path)
  try {
    const opened = await openDraft(source, format, again)
    if (!opened) return false
    const draft = await runSteps(opened, procedures[format], signal)
    if (draft.removed.length > 0) return false
    for (const patch of draft.patches) if (!(await hasPatch(source, patch))) return false
    return true
  } finally {
    await source.close()
  }
}
