/** A thumbnail that was kept shows no pen, and nothing that the levels do not show. */
import sharp from 'sharp'
import { openLocalPictures } from '../review/pictures/local.ts'
import { renderRegion } from '../review/pictures/render.ts'
import { openBytes } from './bytes.ts'
import type { Layout, LevelLayout } from './layout.ts'
import { completed } from './macro.ts'
import { isPlain } from './streams.ts'

/** Pixels to a side of a cell whose mean colour may be that of a pen; single nuclei are as dark. */
const PEN_CELL = 8
/** The same of a cell that is compared with the levels, as large as a stroke of small letters, and how far off it may be, of 255. */
const CELL = 4
const FAR = 32

interface Cells {
  across: number
  down: number
  /** Three colours each. */
  means: Float64Array
}

/** The strips of the picture, one below the other. */
async function decoded(
  path: string,
  { width, height, tile, segments, coding, same }: LevelLayout,
): Promise<Buffer | null> {
  if (coding !== 'jpeg' || tile.width !== width || segments.length !== Math.ceil(height / tile.height)) return null
  const bytes = await openBytes(path)
  try {
    const strips: Buffer[] = []
    for (const [i, { offset, length }] of segments.entries()) {
      const stored = await bytes.read(offset, length)
      const rows = Math.min(tile.height, height - i * tile.height)
      if (!isPlain('jpeg', stored)) return null
      const strip = sharp(completed(stored, { same }), { failOn: 'error' })
      strips.push(
        await strip
          .extract({ left: 0, top: 0, width, height: rows })
          .removeAlpha()
          .toColourspace('srgb')
          .raw()
          .toBuffer(),
      )
    }
    return Buffer.concat(strips)
  } finally {
    await bytes.close()
  }
}

const cellsOf = (across: number, down: number): Cells => ({ across, down, means: new Float64Array(across * down * 3) })

/** Adds rows of pixels to the cells that they lie in. */
function add(
  cells: Cells,
  counts: Float64Array,
  rows: Buffer,
  top: number,
  full: { width: number; height: number },
): void {
  const height = rows.length / 3 / full.width
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((top + y) * cells.down) / full.height)
    for (let x = 0; x < full.width; x++) {
      const cell = row * cells.across + Math.floor((x * cells.across) / full.width)
      const at = (y * full.width + x) * 3
      counts[cell] = counts[cell]! + 1
      for (let c = 0; c < 3; c++) cells.means[cell * 3 + c] = cells.means[cell * 3 + c]! + rows[at + c]!
    }
  }
}

function averaged(cells: Cells, counts: Float64Array): Cells {
  return { ...cells, means: cells.means.map((sum, i) => sum / Math.max(1, counts[Math.floor(i / 3)]!)) }
}

function meansOf({ width, height, data }: { width: number; height: number; data: Buffer }, edge: number): Cells {
  const [across, down] = [Math.ceil(width / edge), Math.ceil(height / edge)]
  const [cells, counts] = [cellsOf(across, down), new Float64Array(across * down)]
  add(cells, counts, data, 0, { width, height })
  return averaged(cells, counts)
}

/** A pen: green or cyan, a blue that no nucleus has, a strong red, or nearly black without any colour. */
function isPen(red: number, green: number, blue: number): boolean {
  if (Math.max(red, green, blue) < 50) return true
  if (green > red + 30 && green >= blue - 20) return true
  return (blue > red + 90 && blue > green + 50) || (red > 170 && green < 50 && blue < 50)
}

/** Mean colours of what the levels show, by the reader that shows them to reviewers. */
async function levelCells(path: string, { across, down }: Cells, size: number, signal?: AbortSignal): Promise<Cells> {
  const slide = await openLocalPictures(path, 'aperio', signal)
  try {
    const { width, height } = slide.levels[0]!
    const shown = await renderRegion(slide, { x: 0, y: 0, width, height }, size, signal)
    const [cells, counts] = [cellsOf(across, down), new Float64Array(across * down)]
    add(cells, counts, shown.data, 0, shown)
    return averaged(cells, counts)
  } finally {
    await slide.close()
  }
}

/**
 * @param path of the result
 * @returns findings for a picture that shows a pen, or another picture than the levels
 */
export async function moreThanLevels(path: string, picture: LevelLayout, signal?: AbortSignal): Promise<string[]> {
  const { width, height } = picture
  const pixels = await decoded(path, picture).catch(() => null)
  if (!pixels || pixels.length !== width * height * 3) return ['a thumbnail that cannot be read']
  const shown = { width, height, data: pixels }
  const { means: pens } = meansOf(shown, PEN_CELL)
  for (let i = 0; i < pens.length; i += 3)
    if (isPen(pens[i]!, pens[i + 1]!, pens[i + 2]!)) return ['a pen in the thumbnail']
  const cells = meansOf(shown, CELL)
  const { means } = cells
  const levels = await levelCells(path, cells, Math.max(width, height), signal)
  return means.every((value, i) => Math.abs(value - levels.means[i]!) <= FAR) ? [] : ['another picture than the levels']
}

/** The second page of a TIFF, which readers take for the thumbnail, and the layout without it. */
export function splitThumbnail(layout: Layout): { thumbnail: LevelLayout | null; rest: Layout } {
  const place = layout.others.indexOf('IFD 1')
  const isFirst = layout.kind === 'tiff' && place === 0 && layout.pictures.length === layout.others.length
  if (!isFirst) return { thumbnail: null, rest: layout }
  const [thumbnail, ...pictures] = layout.pictures
  return { thumbnail: thumbnail!, rest: { ...layout, others: layout.others.slice(1), pictures } }
}
