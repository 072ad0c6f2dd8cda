import type { Entry, TiffFile } from '@coverslip/wsi/tiff/index.ts'
import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { type Draft, type Field, fieldLength, type Page, type Patch, type Step } from '../procedure/draft.ts'

/** Widths of the dialects of TIFF, in bytes; `high` is what NDPI keeps of each entry behind the directory. */
export const layout = ({ bigTiff, ndpi }: Pick<TiffFile, 'bigTiff' | 'ndpi'>) =>
  bigTiff
    ? { header: 16, count: 8, entry: 20, inline: 8, pointer: 8, high: 0 }
    : { header: ndpi ? 12 : 8, count: 2, entry: 12, inline: 4, pointer: ndpi ? 8 : 4, high: ndpi ? 4 : 0 }

/** The length of a page's IFD in the result, which starts where the old one did. */
export function blockLength({ tiff }: Draft, page: Page): number {
  const widths = layout(tiff)
  return widths.count + page.fields.length * (widths.entry + widths.high) + widths.pointer
}

function writeNumber(block: Buffer, at: number, width: number, value: number, littleEndian: boolean): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  if (width === 2) view.setUint16(at, value, littleEndian)
  else if (width === 4) view.setUint32(at, value, littleEndian)
  else view.setBigUint64(at, BigInt(value), littleEndian)
}

async function entryBytes({ source, tiff }: Draft, field: Field): Promise<Buffer> {
  const widths = layout(tiff)
  const bytes = Buffer.from(await source.read(field.entry.offset, widths.entry))
  writeNumber(bytes, 4, widths.inline, field.count, tiff.littleEndian)
  if (field.value) field.value.copy(bytes, 4 + widths.inline)
  // What an inline value leaves of its space is no place for anything.
  if (field.entry.inline) bytes.fill(0, 4 + widths.inline + fieldLength(field))
  return bytes
}

async function directory(draft: Draft, page: Page, next: number): Promise<Buffer> {
  const widths = layout(draft.tiff)
  const { littleEndian } = draft.tiff
  const block = Buffer.alloc(blockLength(draft, page))
  writeNumber(block, 0, widths.count, page.fields.length, littleEndian)
  for (const [i, field] of page.fields.entries()) {
    ;(await entryBytes(draft, field)).copy(block, widths.count + i * widths.entry)
  }
  const end = widths.count + page.fields.length * widths.entry
  writeNumber(block, end, widths.pointer, next, littleEndian)
  if (widths.high > 0) {
    for (const [i, { entry }] of page.fields.entries()) {
      writeNumber(block, end + widths.pointer + i * widths.high, widths.high, highWordOf(entry), littleEndian)
    }
  }
  return block
}

/** The upper half of an offset, or of a position that is stored in its entry; nothing else has one. */
const highWordOf = (entry: Entry): number =>
  !entry.inline || entry.tag === Tag.StripOffsets || entry.tag === Tag.StripByteCounts ? entry.highWord : 0

/** The header's pointer: the first page may have been a label. */
function firstPointer({ tiff, pages }: Draft): Patch {
  const { header, pointer } = layout(tiff)
  const bytes = Buffer.alloc(pointer)
  writeNumber(bytes, 0, pointer, pages[0]!.ifd.offset, tiff.littleEndian)
  return { offset: header - pointer, bytes }
}

/** Writes the IFD of every level with the fields that stay and a pointer to the next level; places do not change. */
export const rewriteDirectories: Step = async draft => {
  const patches: Patch[] = [firstPointer(draft)]
  for (const [i, page] of draft.pages.entries()) {
    const next = draft.pages[i + 1]?.ifd.offset ?? 0
    patches.push({ offset: page.ifd.offset, bytes: await directory(draft, page, next) })
  }
  return { ...draft, patches: [...draft.patches, ...patches] }
}
