import sharp from 'sharp'
import { long, longs, positions, short } from '../tiff/fields.ts'
import { Compression, Photometric, Tag } from '../tiff/tags.ts'
import { encodeRgb } from '../turbojpeg.ts'
import type { Block, BlockSettings } from './block.ts'
import { makeBlocks } from './block-pool.ts'
import { average, type Picture, paste, REDUCTION, tiledLevels } from './grid.ts'
import { hamamatsuText, NDPI } from './hamamatsu-text.ts'
import { drawLabel, drawMacro } from './label.ts'
import { createRunCoder, createScan, type RunCoder, runsOf } from './ndpi-runs.ts'
import { createNdpiWriter, float, type NdpiWriter, slong } from './ndpi-writer.ts'
import { type Settled, wholeBlocks } from './options.ts'
import { type Fields, resolution, sampled } from './pages.ts'
import { BLOCK_WORKER, fit } from './tiff-slide.ts'

/** One JPEG stream in the file. */
interface Strip {
  width: number
  height: number
  offset: number
  bytes: number
  /** Where each run begins, relative to the stream; null without restart markers. */
  starts: number[] | null
}

const END = Buffer.from([0xff, 0xd9])
/** Levels after the first two are plain JPEGs; averaging by four from whole blocks ends here. */
const MAX_LEVELS = 4

/**
 * Writes an NDPI: each page one JPEG, the first two levels cut into runs by restart markers, further ones plain; then the
 * macro, which shows the label, and the map of the tissue. Everything that names the patient stands in every page.
 */
export async function writeHamamatsu(path: string, options: Settled): Promise<{ folder: null }> {
  const { tileSize, patient } = options
  const size = { width: wholeBlocks(options.width, tileSize), height: wholeBlocks(options.height, tileSize) }
  const settled = { ...options, ...size }
  const writer = await createNdpiWriter(path, options.hole)
  try {
    const { strips, small } = await writeLevels(writer, settled)
    for (const [k, strip] of strips.entries()) await writer.addIfd(levelTags(strip, k, settled))
    if (options.hidingPlaces === 'all') await writer.append(Buffer.from(`\0${patient.fileName} between pages\0`))
    await writeMacroAndMap(writer, small, settled)
    if (options.hidingPlaces === 'all') await writer.append(Buffer.from(`\0${patient.fileName} behind the end\0`))
    await writer.finish()
  } finally {
    await writer.close()
  }
  return { folder: null }
}

async function writeLevels(writer: NdpiWriter, options: Settled): Promise<{ strips: Strip[]; small: Picture }> {
  const { width, height, tileSize, quality, subsampling } = options
  const coder = createRunCoder({ coding: 'ycbcr', quality, subsampling })
  const strip = await beginStrip(writer, coder, width, height, options)
  const small = blank(width / REDUCTION ** 2, height / REDUCTION ** 2)
  const columns = width / tileSize / REDUCTION
  const rows = height / tileSize / REDUCTION
  const quarter: Buffer[][][] = []
  let band: Buffer[][][] = []
  for await (const { column, row, block } of drawnBlocks(options, columns, rows)) {
    band.push(block.tiles.map(tile => runsOf(tile as Uint8Array)))
    quarter[row] = [...(quarter[row] ?? []), runsOf(block.reduced)]
    const part = tileSize / REDUCTION
    paste(block.small, part, small, column * part, row * part)
    if (column < columns - 1) continue
    for (let line = 0; line < REDUCTION; line++) {
      const tiles = band.flatMap(tiles => tiles.slice(line * REDUCTION, (line + 1) * REDUCTION))
      await strip.add(tiles)
    }
    band = []
  }
  const strips = [await strip.end()]
  const count = Math.min(MAX_LEVELS, tiledLevels(width, height, tileSize).length)
  if (count > 1) strips.push(await writeQuarter(writer, coder, quarter, options))
  let picture = small
  for (let k = 2; k < count; k++) {
    if (k > 2) picture = reduce(picture)
    strips.push(await writePlain(writer, picture, options))
  }
  return { strips, small }
}

async function* drawnBlocks(options: Settled, columns: number, rows: number) {
  const { width, height, seed, mpp, tileSize, quality, subsampling, workers, signal } = options
  const settings: BlockSettings = {
    scene: { width, height, seed, mpp },
    tileSize,
    coder: { coding: 'ycbcr', quality, subsampling },
    runs: true,
    overviewScale: REDUCTION ** 2,
  }
  for await (const made of makeBlocks<Block>(BLOCK_WORKER, settings, columns, rows, workers)) {
    signal?.throwIfAborted()
    yield made
    options.onProgress?.((0.99 * (made.row * columns + made.column + 1)) / (rows * columns))
  }
}

/** A strip that is written row of tiles by row of tiles. */
async function beginStrip(writer: NdpiWriter, coder: RunCoder, width: number, height: number, options: Settled) {
  const { tileSize, hidingPlaces, patient } = options
  const comment = hidingPlaces === 'all' ? `NDP.scan ${patient.folder}` : ''
  const header = coder.header(width, height, tileSize, comment)
  const offset = await writer.append(header)
  const { add, starts } = createScan(header.length)
  return {
    /** Tiles from left to right, each as its runs from top to bottom. */
    async add(tiles: readonly Buffer[][]): Promise<void> {
      const lines = tiles[0]?.length ?? 0
      for (let line = 0; line < lines; line++) await writer.append(add(tiles.map(runs => runs[line] as Buffer)))
    },
    async end(): Promise<Strip> {
      await writer.append(END)
      return { width, height, offset, bytes: writer.position - offset, starts }
    },
  }
}

async function writeQuarter(writer: NdpiWriter, coder: RunCoder, rows: Buffer[][][], options: Settled): Promise<Strip> {
  const { width, height } = options
  const strip = await beginStrip(writer, coder, width / REDUCTION, height / REDUCTION, options)
  for (const tiles of rows) await strip.add(tiles)
  return strip.end()
}

async function writePlain(writer: NdpiWriter, picture: Picture, options: Settled): Promise<Strip> {
  const { width, height, data } = picture
  const { quality, subsampling } = options
  const jpeg = encodeRgb(data, width, height, { quality, subsampling })
  return { width, height, offset: await writer.append(jpeg), bytes: jpeg.length, starts: null }
}

function levelTags(strip: Strip, k: number, options: Settled): Fields {
  const { mpp, objectivePower, quality, subsampling, patient } = options
  return {
    ...pageTags(strip, objectivePower / REDUCTION ** k, mpp * REDUCTION ** k),
    ...jpegTags,
    ...sampled(subsampling),
    ...hamamatsuText(patient),
    [NDPI.focalPlane]: slong(0),
    ...(strip.starts ? runTags(strip.starts) : {}),
    [NDPI.captureMode]: long(1),
    [NDPI.quality]: long(quality),
  }
}

function runTags(starts: readonly number[]): Fields {
  const low: Fields = { [NDPI.runStarts]: longs(starts.map(start => start % 2 ** 32)) }
  const high = starts.map(start => Math.floor(start / 2 ** 32))
  return high.at(-1) ? { ...low, [NDPI.runStartsHigh]: longs(high) } : low
}

const pageTags = ({ width, height, offset, bytes }: Strip, lens: number, mpp: number): Fields => ({
  [Tag.ImageWidth]: long(width),
  [Tag.ImageLength]: long(height),
  [Tag.StripOffsets]: positions([offset]),
  [Tag.RowsPerStrip]: long(height),
  [Tag.StripByteCounts]: positions([bytes]),
  ...resolution(mpp),
  [Tag.NdpiSourceLens]: float(lens),
  [NDPI.xOffset]: slong(12_538_720),
  [NDPI.yOffset]: slong(-96_063),
})

const jpegTags: Fields = {
  [Tag.BitsPerSample]: short(8, 8, 8),
  [Tag.SamplesPerPixel]: short(3),
  [Tag.Compression]: short(Compression.Jpeg),
  [Tag.PhotometricInterpretation]: short(Photometric.YCbCr),
}

/** SourceLens of pages that are no level, and their pixel sizes in micrometres. */
const MACRO = { lens: -1, mpp: 64, width: 1188 }
const MAP = { lens: -2, mpp: 128, width: 594, height: 200 }

async function writeMacroAndMap(writer: NdpiWriter, small: Picture, options: Settled): Promise<void> {
  const { patient } = options
  const thumbnail = await fit(small, 1024, 768)
  if (options.macro) {
    const macro = await fit(await drawMacro(thumbnail, await drawLabel(patient)), MACRO.width, MACRO.width)
    const strip = await writePlain(writer, macro, { ...options, subsampling: '4:4:4', quality: 90 })
    await writer.addIfd({
      ...pageTags(strip, MACRO.lens, MACRO.mpp),
      ...jpegTags,
      ...hamamatsuText(patient),
      [NDPI.labelObscured]: long(0),
    })
  }
  const map = await sharp(thumbnail.data, {
    raw: { width: thumbnail.width, height: thumbnail.height, channels: 3 },
  })
    .resize(MAP.width, MAP.height, { fit: 'fill' })
    .greyscale()
    .raw()
    .toBuffer()
  const strip = { ...MAP, offset: await writer.append(map), bytes: map.length, starts: null }
  await writer.addIfd({
    ...pageTags(strip, MAP.lens, MAP.mpp),
    [Tag.BitsPerSample]: short(8),
    [Tag.SamplesPerPixel]: short(1),
    [Tag.Compression]: short(Compression.None),
    [Tag.PhotometricInterpretation]: short(Photometric.BlackIsZero),
    ...hamamatsuText(patient),
  })
}

const blank = (width: number, height: number): Picture => ({
  width,
  height,
  data: Buffer.alloc(width * height * 3, 243),
})

const reduce = ({ width, height, data }: Picture): Picture => ({
  width: width / REDUCTION,
  height: height / REDUCTION,
  data: average(data, width, height),
})
