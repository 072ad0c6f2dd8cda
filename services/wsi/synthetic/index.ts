import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import sharp from 'sharp'
import { createTiffWriter, type TiffWriter } from '../tiff/writer.ts'
import { makeBlocks } from './block-pool.ts'
import { createCoder } from './coder.ts'
import { type Picture, REDUCTION, type TiledLevel, tiledLevels } from './grid.ts'
import { drawLabel, drawMacro } from './label.ts'
import { aperioPages, genericPages, type Parts } from './layout.ts'
import { jpegStrips, levelFields, lzwStrips } from './pages.ts'
import { FAKE_PATIENT, type Patient } from './patient.ts'
import { createPyramidSink, overviewScale, type PyramidSink } from './pyramid.ts'

export { hostileSlides } from './hostile.ts'
export { FAKE_PATIENT, type Patient } from './patient.ts'
export { createRenderer, type Renderer, type Scene } from './render.ts'

export interface SyntheticOptions {
  /** Level-0 pixels. Some hundred by some hundred is enough for a test and takes about half a second. */
  width?: number
  height?: number
  /** Same seed and size, same bytes; whatever the number of workers. */
  seed?: number
  /** Micrometres per pixel. */
  mpp?: number
  objectivePower?: number
  format?: 'aperio' | 'generic-tiff'
  /** A multiple of 16. */
  tileSize?: number
  /** How the JPEG tiles hold their colours. */
  coding?: 'ycbcr' | 'rgb'
  /** JPEG quality, 1 to 100. */
  quality?: number
  /** Whether the file has a label, and a macro that shows the label too. */
  label?: boolean
  macro?: boolean
  /** What is planted in text, label and macro. */
  patient?: Patient
  /** Default: only when a classic TIFF might not be large enough. */
  bigTiff?: boolean
  /** Threads. */
  workers?: number
  signal?: AbortSignal
  /** Called with 0 to 1, never falling. */
  onProgress?(fraction: number): void
}

/** A classic TIFF ends at 4 GiB; a tile never takes more than about a byte per pixel. */
const CLASSIC_PIXELS = 3e9

function withDefaults(options: SyntheticOptions) {
  const { width = 20_000, height = 15_000, mpp = 0.499, tileSize = 256, ...rest } = options
  const size = [width, height, tileSize]
  if (!size.every(n => Number.isInteger(n) && n > 0) || tileSize % 16 || !(mpp > 0))
    throw new RangeError('width and height must be positive integers, tileSize a multiple of 16, mpp positive')
  return {
    width,
    height,
    mpp,
    tileSize,
    seed: 1,
    objectivePower: Math.round(10 / mpp),
    format: 'aperio' as const,
    coding: 'ycbcr' as const,
    quality: 80,
    label: true,
    macro: true,
    patient: FAKE_PATIENT,
    bigTiff: width * height > CLASSIC_PIXELS,
    ...rest,
  }
}

type Settled = ReturnType<typeof withDefaults> & SyntheticOptions

/**
 * Writes a slide of plausible H&E tissue with invented patient data in every place where scanners leave the real data
 * (FAKE_PATIENT). The file appears under its name when it is complete; a failed or aborted run leaves nothing. Memory is
 * bounded by a few blocks of 16 tiles per worker and one row of tiles of each small level.
 * @throws RangeError for impossible sizes; SlideFileError `library-missing`; the signal's reason
 */
export async function writeSyntheticSlide(path: string, options: SyntheticOptions = {}): Promise<void> {
  const settled: Settled = withDefaults(options)
  const part = `${path}.part-${randomUUID()}`
  const writer = await createTiffWriter(part, { bigTiff: settled.bigTiff })
  try {
    await writeSlide(writer, settled)
    await rename(part, path)
  } catch (error) {
    await writer.close()
    await rm(part, { force: true })
    throw error
  }
}

async function writeSlide(writer: TiffWriter, options: Settled): Promise<void> {
  const { width, height, tileSize, coding, quality, format, patient } = options
  const levels = tiledLevels(width, height, tileSize)
  const coder = createCoder({ coding, quality })
  const sink = createPyramidSink(levels, tileSize, coder, bytes => writer.appendBytes(bytes))
  await fillPyramid(sink, levels[0] as TiledLevel, options)
  const parts: Parts = {
    levels: levels.map((level, k) => ({
      level,
      fields: levelFields(level, tileSize, sink.placements[k] ?? { offsets: [], counts: [] }, coder.tables, coding),
    })),
    ...(await associatedParts(sink.overview, writer, options)),
    icc: await srgbProfile(),
  }
  const pages = format === 'aperio' ? aperioPages : genericPages
  for (const tags of pages(parts, options, patient)) writer.addIfd({ tags })
  await writer.finish()
  options.onProgress?.(1)
}

async function fillPyramid(sink: PyramidSink, base: TiledLevel, options: Settled): Promise<void> {
  const { width, height, seed, mpp, tileSize, coding, quality, workers, signal } = options
  const columns = Math.ceil(base.columns / REDUCTION)
  const rows = Math.ceil(base.rows / REDUCTION)
  const settings = {
    scene: { width, height, seed, mpp },
    tileSize,
    coder: { coding, quality },
    overviewScale: overviewScale(width, height),
  }
  for await (const { column, row, block } of makeBlocks(settings, columns, rows, workers)) {
    signal?.throwIfAborted()
    await sink.add(column, row, block)
    options.onProgress?.((0.99 * (row * columns + column + 1)) / (rows * columns))
  }
}

async function associatedParts(overview: Picture, writer: TiffWriter, options: Settled) {
  const append = (bytes: Uint8Array) => writer.appendBytes(bytes)
  const coder = createCoder({ coding: 'ycbcr', quality: 80 })
  const thumbnail = await fit(overview, 1024, 768)
  const label = await drawLabel(options.patient)
  const macro = options.macro ? await drawMacro(thumbnail, label) : null
  return {
    thumbnail: { picture: thumbnail, fields: await jpegStrips(thumbnail, append, coder) },
    label: options.label ? { picture: label, fields: await lzwStrips(label, append) } : null,
    macro: macro ? { picture: macro, fields: await jpegStrips(macro, append, coder) } : null,
  }
}

/** Shrinks a picture to fit a box. */
async function fit({ width, height, data }: Picture, maxWidth: number, maxHeight: number): Promise<Picture> {
  const shrunk = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(maxWidth, maxHeight, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: shrunk.info.width, height: shrunk.info.height, data: shrunk.data }
}

/** The ICC profile of sRGB that libvips carries. */
async function srgbProfile(): Promise<Buffer> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } })
  const { icc } = await sharp(await pixel.withIccProfile('srgb').png().toBuffer()).metadata()
  if (!icc) throw new Error('libvips has no sRGB profile')
  return icc
}
