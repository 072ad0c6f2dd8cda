import { blankJpeg, withoutTables } from '@coverslip/wsi/blank-jpeg.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { completeJpeg } from '@coverslip/wsi/tiff/decode.ts'
import { type TiffImage, tileSize } from '@coverslip/wsi/tiff/image.ts'
import type { Rectangle } from '@coverslip/wsi/tiff/region.ts'
import { Compression, Tag } from '@coverslip/wsi/tiff/tags.ts'
import { type Draft, type Field, type Page, type Patch, type Step, take } from '../draft.ts'
import { onLevel, onTile } from '../regions.ts'

/** A classic TIFF ends at 4 GiB; new tiles take at most this much. */
const ROOM = 64 * 1024 * 1024

/** Whether regions of this file can be blanked in place: all levels are JPEG, and there is room behind the end. */
export function canRedactTiles({ pages, tiff, source, format }: Draft): boolean {
  const room = tiff.bigTiff || source.size + ROOM < 2 ** 32
  return format !== 'hamamatsu' && room && pages.every(({ image }) => isJpeg(image))
}

const isJpeg = ({ compression, samplesPerPixel, planar }: TiffImage): boolean =>
  compression === Compression.Jpeg && (samplesPerPixel === 3 || samplesPerPixel === 1) && planar === 1

interface Tile {
  index: number
  blanks: Rectangle[]
}

function* touchedTiles(image: TiffImage, regions: readonly Rectangle[]): Generator<Tile> {
  for (let index = 0; index < image.across * image.down; index++) {
    if (image.counts[index] === 0) continue
    const row = Math.floor(index / image.across)
    const tile = {
      x: (index % image.across) * image.tileWidth,
      y: row * image.tileHeight,
      ...tileSize(image, row),
    }
    const blanks = onTile(regions, tile)
    if (blanks.length > 0) yield { index, blanks }
  }
}

/** The tile with its regions blanked, stored as its neighbours are. */
async function redacted({ source }: Draft, image: TiffImage, { index, blanks }: Tile): Promise<Buffer> {
  const stored = await source.read(image.offsets[index]!, image.counts[index]!)
  const blank = blankJpeg(completeJpeg(image, stored), blanks, image.photometric)
  return image.jpegTables ? withoutTables(blank, image.jpegTables) : blank
}

/** How many tiles of the file lie at an offset: writers let all empty ones share one. */
function usesOf(pages: readonly Page[]): Map<number, number> {
  const uses = new Map<number, number>()
  for (const { image } of pages) {
    for (const [i, offset] of image.offsets.entries())
      if (image.counts[i]! > 0) uses.set(offset, (uses.get(offset) ?? 0) + 1)
  }
  return uses
}

const WIDTHS: Record<number, number> = { 3: 2, 4: 4, 16: 8 }

/** One number of a list of tiles, as a patch of the list or as the new value of an entry that holds the list itself. */
function write(draft: Draft, field: Field, index: number, value: number): { field: Field; patches: Patch[] } {
  const width = WIDTHS[field.entry.type]
  if (!width || value >= 2 ** (width * 8)) {
    throw new SlideFileError(
      'unsupported',
      'The slide stores its tiles in a way that leaves no room for a redacted one.',
    )
  }
  const bytes = Buffer.alloc(width)
  if (draft.tiff.littleEndian) bytes.writeUIntLE(value, 0, Math.min(width, 6))
  else bytes.writeUIntBE(value, Math.max(0, width - 6), Math.min(width, 6))
  const { entry } = field
  if (!entry.inlineBytes) return { field, patches: [{ offset: entry.valueOffset + index * width, bytes }] }
  const inline = Buffer.from(field.value ?? entry.inlineBytes)
  bytes.copy(inline, index * width)
  return { field: { ...field, value: inline }, patches: [] }
}

interface Redaction {
  page: Page
  patches: Patch[]
  tiles: number
  bytes: number
}

async function redactPage(
  draft: Draft,
  page: Page,
  regions: readonly Rectangle[],
  place: (offset: number, room: number, bytes: Buffer) => number,
): Promise<Redaction> {
  const { tiled } = page.image
  const image = { ...page.image, offsets: page.image.offsets.slice(), counts: page.image.counts.slice() }
  const tags = tiled ? [Tag.TileOffsets, Tag.TileByteCounts] : [Tag.StripOffsets, Tag.StripByteCounts]
  const fields = [...page.fields]
  const redaction = { patches: [] as Patch[], tiles: 0, bytes: 0 }
  for (const tile of touchedTiles(page.image, regions)) {
    const bytes = await redacted(draft, page.image, tile)
    const { index } = tile
    redaction.tiles += 1
    redaction.bytes += page.image.counts[index]!
    image.offsets[index] = place(page.image.offsets[index]!, page.image.counts[index]!, bytes)
    image.counts[index] = bytes.length
    redaction.patches.push({ offset: image.offsets[index], bytes })
    for (const [i, value] of [image.offsets[index], bytes.length].entries()) {
      const at = fields.findIndex(({ entry }) => entry.tag === tags[i])
      const written = write(draft, fields[at]!, index, value!)
      fields[at] = written.field
      redaction.patches.push(...written.patches)
    }
  }
  return { ...redaction, page: { ...page, image, fields } }
}

/**
 * Marked regions become white on every level. Tiles that they touch are written anew, without decoding what lies outside
 * of the marks: at their old place when they fit and nobody shares it, else behind the end of the file. Other tiles stay.
 */
export const redactTiles: Step = async draft => {
  const { redact = [] } = draft.choices
  if (redact.length === 0) return draft
  const uses = usesOf(draft.pages)
  let end = draft.source.size + (draft.source.size % 2)
  const place = (offset: number, room: number, bytes: Buffer): number => {
    if (bytes.length <= room && uses.get(offset) === 1) return offset
    const at = end
    end += bytes.length + (bytes.length % 2)
    return at
  }
  const full = draft.pages[0]!.image
  const done: Redaction[] = []
  for (const page of draft.pages) {
    const marked = redact.map(region => onLevel(region, full, page.image))
    done.push(await redactPage(draft, page, marked, place))
  }
  const taken = done.flatMap(({ tiles, bytes, page }) => {
    const where = { place: `IFD ${page.ifd.index}, tiles`, kind: 'image' as const, name: 'redacted tiles' }
    return tiles > 0 ? [{ removed: { ...where, length: bytes, count: tiles } }] : []
  })
  const patches = [...draft.patches, ...done.flatMap(({ patches }) => patches)]
  return take({ ...draft, patches, pages: done.map(({ page }) => page) }, taken)
}
