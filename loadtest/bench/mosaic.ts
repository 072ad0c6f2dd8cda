/**
 * Large slides for benchmarks: level 0 of a made slide repeated side by side, its tiles copied as they are stored. Making
 * the tissue anew for each place would take minutes. Only full tiles are taken.
 *
 *     node loadtest/bench/mosaic.ts SLIDE OUTPUT COLUMNS [ROWS] [--shared]
 */
import { parseArgs } from 'node:util'
import { openFile } from '@coverslip/wsi/byte-source.ts'
import { ascii, type Field, long, longs, opaque, positions, short } from '@coverslip/wsi/tiff/fields.ts'
import { readImage, type TiffImage } from '@coverslip/wsi/tiff/image.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { createTiffWriter } from '@coverslip/wsi/tiff/writer.ts'

export interface MosaicOptions {
  columns: number
  rows: number
  /** Stores each tile once for all copies: a slide of any size takes no room, but its bytes come from one place. */
  shared?: boolean
}

/** Writes copies of a tiled slide's level 0 as a slide of one level. */
export async function writeMosaic(
  input: string,
  output: string,
  { columns, rows, shared = false }: MosaicOptions,
): Promise<void> {
  const source = await openFile(input)
  const writer = await createTiffWriter(output)
  try {
    const [first] = (await readTiff(source)).ifds as [Ifd]
    const image = await readImage(first, source.size)
    const [across, down] = [Math.floor(image.width / image.tileWidth), Math.floor(image.height / image.tileHeight)]
    const offsets = new Float64Array(across * columns * down * rows)
    const counts = new Float64Array(offsets.length)
    for (let i = 0; i < offsets.length; i++) {
      const [column, row] = [i % (across * columns), Math.floor(i / (across * columns))]
      const tile = (row % down) * image.across + (column % across)
      const first = (row % down) * across * columns + (column % across)
      counts[i] = image.counts[tile] as number
      if (shared && first < i) offsets[i] = offsets[first] as number
      else offsets[i] = await writer.appendBytes(await source.read(image.offsets[tile] as number, counts[i] as number))
    }
    const size = { width: across * columns * image.tileWidth, height: down * rows * image.tileHeight }
    writer.addIfd({ tags: { ...(await tags(first, image)), ...place(size, offsets, counts) } })
    await writer.finish()
  } finally {
    await writer.close()
    await source.close()
  }
}

function place({ width, height }: { width: number; height: number }, offsets: Float64Array, counts: Float64Array) {
  return {
    [Tag.ImageWidth]: long(width),
    [Tag.ImageLength]: long(height),
    [Tag.TileOffsets]: positions(offsets),
    [Tag.TileByteCounts]: longs(counts),
  }
}

async function tags(ifd: Ifd, image: TiffImage): Promise<Record<number, Field>> {
  const fields: Record<number, Field> = {
    [Tag.BitsPerSample]: short(8, 8, 8),
    [Tag.Compression]: short(image.compression),
    [Tag.PhotometricInterpretation]: short(image.photometric),
    [Tag.SamplesPerPixel]: short(3),
    [Tag.PlanarConfiguration]: short(1),
    [Tag.TileWidth]: long(image.tileWidth),
    [Tag.TileLength]: long(image.tileHeight),
  }
  const description = await ifd.text(Tag.ImageDescription)
  const chroma = await ifd.numbers(Tag.YCbCrSubSampling)
  if (image.jpegTables) fields[Tag.JPEGTables] = opaque(image.jpegTables)
  if (chroma) fields[Tag.YCbCrSubSampling] = short(...chroma)
  if (description) fields[Tag.ImageDescription] = ascii(description)
  return fields
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { shared: { type: 'boolean' } } })
  const [input, output, columns, rows = columns] = positionals
  if (!input || !output || !columns) throw new Error('usage: mosaic.ts SLIDE OUTPUT COLUMNS [ROWS] [--shared]')
  await writeMosaic(input, output, { columns: Number(columns), rows: Number(rows), shared: values.shared ?? false })
}
