import { type Draft, type Field, fieldLength, type Page, type Patch, type Step } from '../draft.ts'

/** Widths of the dialects of TIFF, in bytes. */
export const layout = (bigTiff: boolean) =>
  bigTiff
    ? { header: 16, count: 8, entry: 20, inline: 8, pointer: 8 }
    : { header: 8, count: 2, entry: 12, inline: 4, pointer: 4 }

/** The length of a page's IFD in the result, which starts where the old one did. */
export function blockLength({ tiff }: Draft, page: Page): number {
  const widths = layout(tiff.bigTiff)
  return widths.count + page.fields.length * widths.entry + widths.pointer
}

function writeNumber(block: Buffer, at: number, width: number, value: number, littleEndian: boolean): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  if (width === 2) view.setUint16(at, value, littleEndian)
  else if (width === 4) view.setUint32(at, value, littleEndian)
  else view.setBigUint64(at, BigInt(value), littleEndian)
}

async function entryBytes({ source, tiff }: Draft, field: Field): Promise<Buffer> {
  const widths = layout(tiff.bigTiff)
  const bytes = Buffer.from(await source.read(field.entry.offset, widths.entry))
  writeNumber(bytes, 4, widths.inline, field.count, tiff.littleEndian)
  // What an inline value leaves of its space is no place for anything.
  if (field.entry.inline) bytes.fill(0, 4 + widths.inline + fieldLength(field))
  return bytes
}

async function directory(draft: Draft, page: Page, next: number): Promise<Buffer> {
  const widths = layout(draft.tiff.bigTiff)
  const { littleEndian } = draft.tiff
  const block = Buffer.alloc(blockLength(draft, page))
  writeNumber(block, 0, widths.count, page.fields.length, littleEndian)
  for (const [i, field] of page.fields.entries()) {
    ;(await entryBytes(draft, field)).copy(block, widths.count + i * widths.entry)
  }
  writeNumber(block, block.length - widths.pointer, widths.pointer, next, littleEndian)
  return block
}

/** Writes the IFD of every level with the fields that stay and a pointer to the next level; places do not change. */
export const rewriteDirectories: Step = async draft => {
  const patches: Patch[] = []
  for (const [i, page] of draft.pages.entries()) {
    const next = draft.pages[i + 1]?.ifd.offset ?? 0
    patches.push({ offset: page.ifd.offset, bytes: await directory(draft, page, next) })
  }
  return { ...draft, patches: [...draft.patches, ...patches] }
}
