import { openFile } from '@coverslip/wsi/byte-source.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { readTiff } from '@coverslip/wsi/tiff/index.ts'
import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { VerificationError } from '../errors.ts'
import { pixelsOf } from '../steps/blank-unused-bytes.ts'
import { ruleOf } from '../steps/structural-fields.ts'
import { type Draft, fieldLength, levelPages } from './draft.ts'
import { type Extent, toucher } from './extents.ts'
import { type Hit, patternsOf, scanFile } from './scan.ts'

/** Bytes that are not text: what a short secret may match by chance. */
function binaryOf(draft: Draft): Extent[] {
  const binary: number[] = [
    Tag.TileOffsets,
    Tag.TileByteCounts,
    Tag.StripOffsets,
    Tag.StripByteCounts,
    Tag.IccProfile,
    65_426,
    65_432,
  ]
  return [...pixelsOf(draft), ...valuesOf(draft, tag => binary.includes(tag))]
}

function valuesOf(draft: Draft, which: (tag: number) => boolean): Extent[] {
  return draft.pages.flatMap(({ fields }) =>
    fields
      .filter(({ entry }) => which(entry.tag) && !entry.inline)
      .map(field => ({ offset: field.entry.valueOffset, length: fieldLength(field) })),
  )
}

/** Hits outside of descriptions: every word of those has passed the allow-list. */
function telling(draft: Draft, hits: readonly Hit[]): Hit[] {
  const inDescription = toucher(valuesOf(draft, tag => tag === Tag.ImageDescription))
  return hits.filter(({ offset, pattern: { bytes } }) => !inDescription(offset, bytes.length))
}

async function assertStructure(path: string, draft: Draft): Promise<void> {
  const source = await openFile(path)
  try {
    const { ifds } = await readTiff(source)
    if (ifds.length !== draft.pages.length || ifds.some(ifd => ifd.children.length > 0)) {
      throw new VerificationError('an image that is not a level is still there')
    }
    const allowed = (tag: number) =>
      ruleOf(draft.format, tag) !== undefined ||
      tag === Tag.ImageDescription ||
      (tag === Tag.DateTime && draft.choices.dates !== undefined)
    if (ifds.some(ifd => ifd.entries.some(({ tag }) => !allowed(tag)))) {
      throw new VerificationError('a field outside of the allow-list is still there')
    }
  } finally {
    await source.close()
  }
}

function assertSame(before: SlideDescription, after: SlideDescription, draft: Draft): void {
  const geometry = ({ width, height, mpp, objectivePower }: SlideDescription) =>
    JSON.stringify([width, height, mpp, objectivePower])
  const levels = levelPages(draft)
    .map(({ image }) => `${image.width}x${image.height}`)
    .toSorted()
  const found = after.levels.map(level => `${level.width}x${level.height}`).toSorted()
  if (geometry(before) !== geometry(after) || levels.join() !== found.join()) {
    throw new VerificationError('the result does not describe the same slide')
  }
  const kept = draft.pages.filter(({ role }) => role !== 'level').map(({ role }) => role)
  if (after.associated.map(({ kind }) => kind).join() !== kept.join()) {
    throw new VerificationError('a label or macro is still there')
  }
}

/**
 * Proves a result, reading it anew from disk.
 * @returns its SHA-256
 * @throws VerificationError when a check fails
 */
export async function verifyResult(
  path: string,
  draft: Draft,
  before: SlideDescription,
  signal?: AbortSignal,
): Promise<string> {
  await assertStructure(path, draft)
  const after = await describeSlide(path, signal)
  assertSame(before, after, draft)
  const { sha256, hits } = await scanFile(path, draft.secrets.flatMap(patternsOf), { binary: binaryOf(draft), signal })
  if (telling(draft, hits).length > 0) throw new VerificationError('a removed text is still there')
  return sha256
}
