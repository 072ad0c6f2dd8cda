import sharp from 'sharp'
import { createTiffWriter, type TiffWriter } from '../tiff/writer.ts'
import type { Block, BlockSettings } from './block.ts'
import { makeBlocks } from './block-pool.ts'
import { createCoder } from './coder.ts'
import { type Picture, REDUCTION, type TiledLevel, tiledLevels } from './grid.ts'
import { hideBehindEnd, hideInTiff, tileComment } from './hidden.ts'
import { drawLabel, drawMacro } from './label.ts'
import { aperioPages, genericPages, type Parts } from './layout.ts'
import type { Settled } from './options.ts'
import { type Fields, jpegStrips, levelFields, lzwStrips } from './pages.ts'
import { createPyramidSink, overviewScale, type PyramidSink } from './pyramid.ts'

/** The file of a thread that draws blocks. */
export const BLOCK_WORKER = new URL('./block-worker.ts', import.meta.url)

/** Writes an SVS or generic TIFF. */
export async function writeTiff(path: string, options: Settled): Promise<{ folder: null }> {
  const writer = await createTiffWriter(path, { bigTiff: options.bigTiff })
  try {
    await writeSlide(writer, options)
  } finally {
    await writer.close()
  }
  if (options.hidingPlaces === 'all') await hideBehindEnd(path, options.patient)
  return { folder: null }
}

async function writeSlide(writer: TiffWriter, options: Settled): Promise<void> {
  const { width, height, tileSize, coding, subsampling, quality, format, patient } = options
  const levels = tiledLevels(width, height, tileSize)
  const coder = createCoder({ coding, quality, subsampling })
  const sink = createPyramidSink(levels, tileSize, coder, bytes => writer.appendBytes(bytes))
  await fillPyramid(sink, levels[0] as TiledLevel, options)
  const parts: Parts = {
    levels: levels.map((level, k) => ({
      level,
      fields: levelFields(level, tileSize, sink.placements[k] ?? { offsets: [], counts: [] }, coder.tables, {
        coding,
        subsampling,
      }),
    })),
    ...(await associatedParts(sink.overview, writer, options)),
    icc: await srgbProfile(),
  }
  const pages = (format === 'aperio' ? aperioPages : genericPages)(parts, options, patient)
  if (options.hidingPlaces === 'all') Object.assign(pages[0] as Fields, await hideInTiff(writer, parts.icc, options))
  for (const tags of pages) writer.addIfd({ tags })
  await writer.finish()
}

async function fillPyramid(sink: PyramidSink, base: TiledLevel, options: Settled): Promise<void> {
  const { width, height, seed, mpp, tileSize, coding, subsampling, quality, workers, signal } = options
  const columns = Math.ceil(base.columns / REDUCTION)
  const rows = Math.ceil(base.rows / REDUCTION)
  const comment = options.hidingPlaces === 'all' ? { comment: tileComment(options.patient) } : {}
  const settings: BlockSettings = {
    scene: { width, height, seed, mpp },
    tileSize,
    coder: { coding, quality, subsampling, ...comment },
    overviewScale: overviewScale(width, height),
  }
  for await (const { column, row, block } of makeBlocks<Block>(BLOCK_WORKER, settings, columns, rows, workers)) {
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
export async function fit({ width, height, data }: Picture, maxWidth: number, maxHeight: number): Promise<Picture> {
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
