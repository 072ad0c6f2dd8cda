/** Slides for bench/convert.ts: made ones of each way to store pixels, and the readable ones of the shared data. */
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { type SyntheticOptions, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { READABLE_SLIDES, sharedData, sharedSlide } from '@coverslip/wsi/test-data.ts'
import { writeMosaic } from './mosaic.ts'

export interface BenchSlide {
  name: string
  path: string
  kind: 'made' | 'real'
  /** The least that its conversion shall be faster than libvips', whole pyramid, two cores; null where none is set. */
  bar: number | null
}

interface Making {
  name: string
  file: string
  bar: number
  options: SyntheticOptions
}

const MAKINGS: Making[] = [
  { name: 'SVS, YCbCr 4:2:0, 256 px', file: 'ycbcr-256.svs', bar: 8, options: {} },
  { name: 'SVS, YCbCr 4:2:0, 240 px', file: 'ycbcr-240.svs', bar: 4, options: { tileSize: 240 } },
  { name: 'SVS, RGB 4:4:4, 256 px', file: 'rgb-256.svs', bar: 4, options: { coding: 'rgb' } },
  { name: 'SVS, RGB 4:4:4, 240 px', file: 'rgb-240.svs', bar: 4, options: { coding: 'rgb', tileSize: 240 } },
  { name: 'tiled TIFF, 4:2:0, 256 px', file: 'tiled.tif', bar: 3, options: { format: 'generic-tiff' } },
  { name: 'NDPI', file: 'hamamatsu.ndpi', bar: 2, options: { format: 'hamamatsu' } },
  { name: 'MRXS', file: 'mirax.mrxs', bar: 2, options: { format: 'mirax' } },
]

/** A made piece of tissue is repeated up to the edge that is asked for. */
const PIECE = 4096
/** What cannot be repeated is made in its own size, which takes a minute for so many pixels on two cores. */
const LARGEST_MADE = 12_288

/**
 * Makes the slides that a folder does not have yet.
 * @param edge level-0 pixels in both directions, about
 */
export async function makeSlides(folder: string, edge: number, wanted: RegExp): Promise<BenchSlide[]> {
  const slides: BenchSlide[] = []
  for (const { name, file, bar, options } of MAKINGS.filter(making => wanted.test(making.file))) {
    const path = join(folder, `${edge}-${file}`)
    if (!existsSync(path)) await make(path, edge, options)
    slides.push({ name, path, kind: 'made', bar })
  }
  return slides
}

async function make(path: string, edge: number, options: SyntheticOptions): Promise<void> {
  const { tileSize = 256, format = 'aperio' } = options
  if (format === 'hamamatsu' || format === 'mirax') {
    const size = Math.min(edge, LARGEST_MADE)
    return writeSyntheticSlide(path, { ...options, width: size, height: size })
  }
  const size = Math.floor(Math.min(edge, PIECE) / tileSize) * tileSize
  const piece = join(dirname(path), `piece-${size}-${path.slice(path.lastIndexOf('-') + 1)}`)
  await writeSyntheticSlide(piece, { ...options, width: size, height: size })
  const copies = Math.max(1, Math.round(edge / size))
  await writeMosaic(piece, path, { columns: copies, rows: copies })
}

/** Real and realistic slides of the shared data that are more than a thumbnail. */
export async function sharedSlides(): Promise<BenchSlide[]> {
  if (!sharedData) return []
  const slides = READABLE_SLIDES.map((name): BenchSlide => ({ name, path: sharedSlide(name), kind: 'real', bar: null }))
  const sizes = await Promise.all(slides.map(({ path }) => slideBytes(path)))
  return slides.filter((_, i) => (sizes[i] as number) > 1_000_000)
}

/** Size of a slide with all files that it consists of. */
export async function slideBytes(path: string): Promise<number> {
  const own = (await stat(path)).size
  if (extname(path) !== '.mrxs') return own
  const folder = path.slice(0, -'.mrxs'.length)
  const files = await readdir(folder)
  const sizes = await Promise.all(files.map(async name => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, own)
}
