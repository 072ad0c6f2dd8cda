import { SlideFileError } from '../errors.ts'
import type { AssociatedImage, AssociatedKind, Level, SlideDescription } from '../slide.ts'
import { readGeometry } from '../tiff/image.ts'
import type { Ifd, TiffFile } from '../tiff/index.ts'
import { Tag } from '../tiff/tags.ts'
import { associatedChildren, levelsOf } from './pages.ts'

/** Aperio ImageScope SVS: the first page is tiled and its ImageDescription starts with "Aperio". */
export async function isAperio(file: TiffFile): Promise<boolean> {
  const [first] = file.ifds
  if (!first?.has(Tag.TileWidth)) return false
  return (await first.text(Tag.ImageDescription))?.startsWith('Aperio') === true
}

/**
 * "prose|Key = Value|Key = Value": the pairs behind the first bar, split at the first equals sign, last one wins.
 */
export function aperioProperties(description: string): Map<string, string> {
  const pairs = description.split('|').slice(1)
  return new Map(
    pairs.flatMap(pair => {
      const at = pair.indexOf('=')
      return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const]
    }),
  )
}

/** A positive decimal with point or comma, as scanners write them by their locale. */
export function decimal(text: string | undefined): number | null {
  const value = Number(text?.trim().replace(',', '.') || Number.NaN)
  return Number.isFinite(value) && value > 0 ? value : null
}

/**
 * Levels are all tiled pages in file order; every other page, and every SubIFD, is an associated image.
 * @throws SlideFileError `damaged`, `unsupported`
 */
export async function describeAperio(file: TiffFile): Promise<SlideDescription> {
  const [first] = file.ifds as [Ifd]
  const tiled = file.ifds.filter(ifd => ifd.has(Tag.TileWidth))
  for (const ifd of tiled) {
    if ((await ifd.number(Tag.ImageDepth, 1)) !== 1) {
      throw new SlideFileError('unsupported', 'The slide has more than one focal plane in one image.')
    }
  }
  const levels = levelsOf(await Promise.all(tiled.map(readGeometry)))
  assertOnePerSize(levels)
  const properties = aperioProperties((await first.text(Tag.ImageDescription)) ?? '')
  const mpp = decimal(properties.get('MPP'))
  const rest = file.ifds.filter(ifd => !ifd.has(Tag.TileWidth))
  return {
    format: 'aperio',
    width: levels[0]?.width ?? 0,
    height: levels[0]?.height ?? 0,
    levels,
    mpp: mpp ? { x: mpp, y: mpp } : null,
    objectivePower: decimal(properties.get('AppMag')),
    icc: await first.bytes(Tag.IccProfile),
    associated: [...(await Promise.all(rest.map(associated))), ...(await associatedChildren(file))],
  }
}

/** Channels of fluorescence and focal planes are pages of one size. */
function assertOnePerSize(levels: readonly Level[]): void {
  const sizes = levels.map(({ width, height }) => `${width}x${height}`)
  if (new Set(sizes).size < sizes.length) {
    throw new SlideFileError('unsupported', 'The slide has several channels or focal planes, which are not supported.')
  }
}

/** The second page is the thumbnail; label and macro tell themselves by NewSubfileType 1 or 9, or by their text. */
async function associated(ifd: Ifd): Promise<AssociatedImage> {
  const { width, height } = await readGeometry(ifd)
  return { kind: await aperioKind(ifd), width, height }
}

/** What an untiled page of an Aperio file shows; GT450 scanners leave the description out. */
export async function aperioKind(ifd: Ifd): Promise<AssociatedKind> {
  if (ifd.index === 1) return 'thumbnail'
  const subfile = await ifd.number(Tag.NewSubfileType, 0)
  const secondLine = (await ifd.text(Tag.ImageDescription))?.split(/\r?\n/)[1] ?? ''
  const [, named] = /^(label|macro)\b/.exec(secondLine) ?? []
  if (named) return named as AssociatedKind
  return subfile === 1 ? 'label' : subfile === 9 ? 'macro' : 'other'
}
