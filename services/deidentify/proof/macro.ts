/** A macro that was kept shows no label: the end where the site's scanners show it is blank. */
import sharp from 'sharp'
import { type Bytes, openBytes } from './bytes.ts'
import type { Layout, LevelLayout, Segment } from './layout.ts'
import { isPlain } from './streams.ts'

export type MacroSide = 'left' | 'right' | 'top' | 'bottom'

/** Blank: white but for what JPEG makes of an edge. */
const NEARLY_WHITE = 200
/** NewSubfileType, the description, NDPI's lens, colour model, tables of JPEG. */
const [SUBFILE, DESCRIPTION, LENS, PHOTOMETRIC, TABLES] = [254, 270, 65_421, 262, 347]
const RGB = 2
/** Adobe's marker (APP14): the colours are stored as they are. */
const AS_STORED = Buffer.from('ffee000e41646f626500640000000000', 'hex')

/** The one non-zero byte of a small number, whatever the order of bytes. */
const isNumber = (value: Buffer | undefined, wanted: number): boolean =>
  value !== undefined && [...value].filter(byte => byte !== 0).join() === `${wanted}`

/** 3DHISTECH names its macro after the thumbnail of the glass. Aperio marks its macro by 9 or names it in the second line of its description, Hamamatsu by a lens of -1. */
function isMacro({ kind, fields, others: [place] }: Layout): boolean {
  const said = (tag: number) => fields.find(field => field.place === `${place}, tag ${tag}`)?.value
  const lens = said(LENS)
  if (kind === 'mirax') return place === 'Scan data layer/ScanDataLayer_SlideThumbnail'
  if (kind === 'ndpi') return lens?.length === 4 && lens.readFloatLE(0) === -1
  const named = /^[^\r\n]*\r?\nmacro\b/.test(said(DESCRIPTION)?.toString('latin1') ?? '')
  return kind === 'tiff' && (named || isNumber(said(SUBFILE), 9))
}

/** A strip or tile as a picture of its own (TIFF Technical Note 2). */
export function completed(stored: Buffer, { same }: Pick<LevelLayout, 'same'>): Buffer {
  const tables = same.get(`tag ${TABLES}`)
  const marker =
    isNumber(same.get(`tag ${PHOTOMETRIC}`), RGB) && !stored.includes('Adobe') ? AS_STORED : Buffer.alloc(0)
  const shared = tables ? tables.subarray(2, -2) : Buffer.alloc(0)
  return Buffer.concat([stored.subarray(0, 2), marker, shared, stored.subarray(2)])
}

interface Area {
  left: number
  top: number
  width: number
  height: number
}

/** The square at the end where the label is; all of a macro that is a square itself. */
function endOf({ width, height }: Pick<LevelLayout, 'width' | 'height'>, side: MacroSide): Area {
  const length = Math.min(width, height)
  const across = side === 'left' || side === 'right'
  return {
    left: side === 'right' ? width - length : 0,
    top: side === 'bottom' ? height - length : 0,
    width: across ? length : width,
    height: across ? height : length,
  }
}

/** What two areas share, from the corner of the second; null for nothing. */
function sharedOf(a: Area, b: Area): Area | null {
  const [left, top] = [Math.max(a.left, b.left), Math.max(a.top, b.top)]
  const width = Math.min(a.left + a.width, b.left + b.width) - left
  const height = Math.min(a.top + a.height, b.top + b.height) - top
  return width > 0 && height > 0 ? { left: left - b.left, top: top - b.top, width, height } : null
}

/** Where a stored piece of a picture is. */
function areaOf({ width, height, tile }: LevelLayout, index: number): Area {
  const across = Math.ceil(width / tile.width)
  const [left, top] = [(index % across) * tile.width, Math.floor(index / across) * tile.height]
  // The last strip is as high as what is left; a tile is always whole.
  const isStrip = tile.width === width
  return { left, top, width: tile.width, height: isStrip ? Math.min(tile.height, height - top) : tile.height }
}

async function judgePiece(bytes: Bytes, picture: LevelLayout, index: number, end: Area): Promise<string[]> {
  const { offset, length } = picture.segments[index] as Segment
  if (length === 0) return []
  const stored = await bytes.read(offset, length)
  if (!isPlain('jpeg', stored)) return ['a note in the macro']
  const area = areaOf(picture, index)
  const shared = sharedOf(end, area)
  if (!shared) return []
  const decoded = sharp(completed(stored, picture), { failOn: 'error' })
  const { width, height } = await decoded.metadata()
  if (width !== area.width || height < area.height) return ['a macro of other sizes']
  const pixels = await decoded.extract(shared).raw().toBuffer()
  return pixels.some(value => value < NEARLY_WHITE) ? ['a label in the macro'] : []
}

/**
 * Looks at the one image of a result that is no level.
 * @returns a finding for another image than a macro, for one that holds more than its picture or cannot be decoded, and for
 * one whose end is not blank
 */
export async function labelInMacro(layout: Layout, side: MacroSide): Promise<string[]> {
  const [picture, ...otherPictures] = layout.pictures
  if (layout.others.length === 0) return []
  const isOne = layout.others.length === 1 && otherPictures.length === 0
  const file = layout.files[picture?.segments[0]?.file ?? 0]
  if (!file || !picture || !isOne || !isMacro(layout)) return ['another image than the macro']
  const pieces = Math.ceil(picture.width / picture.tile.width) * Math.ceil(picture.height / picture.tile.height)
  if (picture.coding !== 'jpeg' || picture.segments.length !== pieces) return ['a macro that cannot be read']
  const bytes = await openBytes(file.path)
  const end = endOf(picture, side)
  const findings: string[] = []
  try {
    for (const index of picture.segments.keys()) {
      findings.push(...(await judgePiece(bytes, picture, index, end).catch(() => ['a macro that cannot be read'])))
    }
    return findings
  } finally {
    await bytes.close()
  }
}
