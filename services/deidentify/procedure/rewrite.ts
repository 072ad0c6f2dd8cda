import { rm, stat } from 'node:fs/promises'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { openFile } from '@coverslip/wsi/byte-source.ts'
import { type Converted, convert } from '@coverslip/wsi/convert/index.ts'
import { type Coding, type CodingPolicy, codingFor, decideSize } from '@coverslip/wsi/convert/quality-policy.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import type { Rectangle } from '@coverslip/wsi/tiff/region.ts'
import type { Removed } from '../report/report.ts'
import { blankUnusedBytes } from '../steps/blank-unused-bytes.ts'
import { cleanIccProfiles } from '../steps/clean-icc-profiles.ts'
import { redactTiles } from '../steps/redact-tiles.ts'
import { rewriteDirectories } from '../steps/rewrite-directories.ts'
import { applyPatches, runSteps } from './apply.ts'
import type { Deidentified } from './in-place.ts'
import { openDraft } from './open-draft.ts'

/** What is not in a pyramid: all but the pixels. */
export function removedFrom(description: SlideDescription, sourceBytes: number): Removed[] {
  const images = description.associated.map(
    ({ kind, width, height }, i): Removed => ({
      place: `associated image ${i}`,
      kind: 'image',
      name: `${kind} ${width}x${height}`,
      length: 0,
      count: 1,
    }),
  )
  const rest: Removed = {
    place: 'all files of the source',
    kind: 'metadata',
    name: 'everything but the pixels of level 0, mpp, objective power and ICC profile',
    length: sourceBytes,
    count: 1,
  }
  return [...images, rest]
}

/**
 * For formats whose files are not edited: makes the pyramid from the pixels, so that nothing else can pass.
 * @param options.coding of the pyramid's tiles; that of an unknown technique where it is not given
 * @throws SlideFileError
 */
export async function deidentifyByRewriting(
  sourcePath: string,
  resultPath: string,
  source: { description: SlideDescription; bytes: number },
  options: {
    signal: AbortSignal
    onProgress(fraction: number): void
    redact?: readonly Rectangle[]
    coding?: CodingPolicy | undefined
  },
): Promise<Deidentified> {
  const { signal, redact = [], coding = codingFor(null) } = options
  const onProgress = (fraction: number): void => options.onProgress(fraction)
  const { levels } = await convertSmaller(sourcePath, resultPath, coding, source.bytes, { signal, onProgress })
  const edited = await editPyramid(resultPath, redact)
  const { size: bytes } = await stat(resultPath)
  const sha256 = await fileSha256(resultPath, signal)
  return {
    bytes,
    sha256,
    levels,
    removed: [...removedFrom(source.description, source.bytes), ...edited],
    blankedBytes: 0,
  }
}

/**
 * A pyramid is no larger than its source, or it is made again with less quality.
 * @throws SlideFileError `unsupported` when the lowest quality that is allowed makes no difference
 */
async function convertSmaller(
  sourcePath: string,
  resultPath: string,
  policy: CodingPolicy,
  sourceBytes: number,
  running: { signal: AbortSignal; onProgress(fraction: number): void },
): Promise<Converted> {
  for (let coding: Coding = policy; ; ) {
    const { quality, subsampling } = coding
    const converted = await convert(sourcePath, resultPath, { quality, subsampling, ...running })
    const decision = decideSize(policy, coding, converted, { bytes: sourceBytes, pixels: converted.sourcePixels })
    if (decision.kind === 'keep') return converted
    if (decision.kind === 'refuse') throw new SlideFileError('unsupported', decision.reason)
    await rm(resultPath)
    coding = decision.coding
  }
}

/**
 * The ICC profile is the one thing of the source that a pyramid holds byte for byte; marked regions are blanked in the
 * pyramid's own tiles, and what they showed is gone from the file.
 */
async function editPyramid(path: string, redact: readonly Rectangle[]): Promise<Removed[]> {
  const pyramid = await openFile(path)
  try {
    const opened = await openDraft(pyramid, 'generic-tiff', { redact })
    if (!opened) return []
    const steps =
      redact.length > 0 ? [cleanIccProfiles, redactTiles, rewriteDirectories, blankUnusedBytes] : [cleanIccProfiles]
    const draft = await runSteps(opened, steps)
    await applyPatches(path, draft.patches)
    return [...draft.removed]
  } finally {
    await pyramid.close()
  }
}
