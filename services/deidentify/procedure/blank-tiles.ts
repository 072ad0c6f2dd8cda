import { blankJpeg, withoutTables } from '@coverslip/wsi/blank-jpeg.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { completeJpeg } from '@coverslip/wsi/tiff/decode.ts'
import { type TiffImage, tileSize } from '@coverslip/wsi/tiff/image.ts'
import type { Rectangle } from '@coverslip/wsi/tiff/region.ts'
import { Compression, Tag } from '@coverslip/wsi/tiff/tags.ts'
import { type Draft, type Field, type Page, type Patch, take } from './draft.ts'
import { onTile } from './regions.ts'

/** A classic TIFF ends at 4 GiB; new tiles take at most this much. */
const ROOM = 64 * 1024 * 1024

/** Whether there is room behind the end of the file, for tiles that do not fit at their old place. */
export const hasRoom = ({ tiff, source }: Pick<Draft, 'tiff' | 'source'>): boolean =>
  tiff.bigTiff || source.size + ROOM < 2 ** 32

/** Whether the tiles of an image can be blanked in part without decoding the rest. */
export const isBlankable = ({ compression, samplesPerPixel, planar }: TiffImage): boolean =>
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

/** The tile with its regions white, stored as its neighbours are. */
function blanked(image: TiffImage, stored: Buffer, { blanks }: Tile): Buffer {
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
      'The slide stores its tiles in a way that leaves no room for one that is blanked.',
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

interface Blanked {
  page: Page
  patches: Patch[]
  tiles: number
  bytes: number
}

async function blankPage(
  draft: Draft,
  page: Page,
  regions: readonly Rectangle[],
  place: (offset: number, room: number, bytes: Buffer) => number,
): Promise<Blanked> {
  const { tiled } = page.image
  const image = { ...page.image, offsets: page.image.offsets.slice(), counts: page.image.counts.slice() }
  const tags = tiled ? [Tag.TileOffsets, Tag.TileByteCounts] : [Tag.StripOffsets, Tag.StripByteCounts]
  const fields = [...page.fields]
  const done = { patches: [] as Patch[], tiles: 0, bytes: 0 }
  for (const tile of touchedTiles(page.image, regions)) {
    const { index } = tile
    const before = await draft.source.read(page.image.offsets[index]!, page.image.counts[index]!)
    const bytes = blanked(page.image, before, tile)
    // Blank already: a second run changes nothing.
    if (bytes.equals(before)) continue
    done.tiles += 1
    done.bytes += page.image.counts[index]!
    image.offsets[index] = place(page.image.offsets[index]!, page.image.counts[index]!, bytes)
    image.counts[index] = bytes.length
    done.patches.push({ offset: image.offsets[index], bytes })
    for (const [i, value] of [image.offsets[index], bytes.length].entries()) {
      const at = fields.findIndex(({ entry }) => entry.tag === tags[i])
      const written = write(draft, fields[at]!, index, value!)
      fields[at] = written.field
      done.patches.push(...written.patches)
    }
  }
  return { ...done, page: { ...page, image, fields } }
}

/** Behind the end of the file, and of what other steps have put there. */
function endOf({ source, patches }: Draft): number {
  const ends = patches.map(patch => patch.offset + ('bytes' in patch ? patch.bytes.length : patch.zeros))
  const end = ends.reduce((most, at) => Math.max(most, at), source.size)
  return end + (end % 2)
}

/**
 * Makes rectangles of pages white. Tiles that they touch are written anew, without decoding what lies outside of them: at
 * their old place when they fit and nobody shares it, else behind the end of the file. Other tiles stay.
 * @param regionsOf a page's rectangles in its own pixels
 * @param name of what is blanked, for the report
 */
export async function blankTiles(
  draft: Draft,
  regionsOf: (page: Page) => readonly Rectangle[],
  name: string,
): Promise<Draft> {
  const uses = usesOf(draft.pages)
  let end = endOf(draft)
  const place = (offset: number, room: number, bytes: Buffer): number => {
    if (bytes.length <= room && uses.get(offset) === 1) return offset
    const at = end
    end += bytes.length + (bytes.length % 2)
    return at
  }
  const done: Blanked[] = []
  for (const page of draft.pages) done.push(await blankPage(draft, page, regionsOf(page), place))
  const taken = done.flatMap(({ tiles, bytes, page }) => {
    const removed = { place: `IFD ${page.ifd.index}, tiles`, kind: 'image' as const, name, length: bytes, count: tiles }
    return tiles > 0 ? [{ removed }] : []
  })
  const patches = [...draft.patches, ...done.flatMap(({ patches }) => patches)]
  return take({ ...draft, patches, pages: done.map(({ page }) => page) }, taken)
}
