import { aperioKind } from '@coverslip/wsi/formats/aperio.ts'
import type { AssociatedKind } from '@coverslip/wsi/slide.ts'
import { type Geometry, readGeometry } from '@coverslip/wsi/tiff/image.ts'
import type { Ifd } from '@coverslip/wsi/tiff/index.ts'
import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { decodeText } from '@coverslip/wsi/tiff/values.ts'
import { type Draft, type Step, type Taken, take } from '../procedure/draft.ts'
import { cleanAperioDescription } from './aperio-description.ts'
import { takeField } from './keep-structural-fields.ts'

/** Every IFD of the file that is not a level: pages in the chain, and what hangs on any page. */
function notLevels({ tiff, pages }: Draft): { ifd: Ifd; place: string }[] {
  const levels = new Set(pages.map(({ ifd }) => ifd))
  const below = (ifd: Ifd, place: string): { ifd: Ifd; place: string }[] =>
    ifd.children.flatMap((child, i) => {
      const at = `${place}, ${child.kind} IFD ${i}`
      return [{ ifd: child, place: at }, ...below(child, at)]
    })
  return tiff.ifds.flatMap(ifd => {
    const place = `IFD ${ifd.index}`
    return [...(levels.has(ifd) ? [] : [{ ifd, place }]), ...below(ifd, place)]
  })
}

/** A label may be damaged and is removed all the same. */
const orNull = <Value>(value: Promise<Value | null>): Promise<Value | null> => value.catch(() => null)

async function storedBytes(ifd: Ifd, geometry: Geometry): Promise<number> {
  const counts = await orNull(ifd.numbers(geometry.tiled ? Tag.TileByteCounts : Tag.StripByteCounts))
  return counts ? counts.reduce((sum, count) => sum + count, 0) : 0
}

/** SourceLens of Hamamatsu's macro, which shows the label too. */
const MACRO_LENS = -1

async function kindOf({ format }: Draft, ifd: Ifd): Promise<AssociatedKind | null> {
  if (format === 'aperio') return aperioKind(ifd)
  return format === 'hamamatsu' && (await ifd.number(Tag.NdpiSourceLens)) === MACRO_LENS ? 'macro' : null
}

async function takeImage(draft: Draft, ifd: Ifd, place: string): Promise<Taken[]> {
  const geometry = await orNull(readGeometry(ifd))
  if (!geometry) return []
  const kind = ifd.kind === 'page' ? await orNull(kindOf(draft, ifd)) : null
  const name = `${kind ?? 'other'} ${geometry.width}x${geometry.height}`
  return [{ removed: { place, kind: 'image', name, length: await storedBytes(ifd, geometry), count: 1 } }]
}

async function takeTexts(draft: Draft, ifd: Ifd, place: string): Promise<Taken[]> {
  const fields = await Promise.all(ifd.entries.map(entry => takeField(draft, entry, place)))
  const description = draft.format === 'aperio' ? await orNull(ifd.bytes(Tag.ImageDescription)) : null
  const secrets = description ? cleanAperioDescription(decodeText(description)).secrets : []
  return [...fields.filter(({ secret }) => secret), ...secrets.map(secret => ({ secret }))]
}

/**
 * Label, macro, thumbnail, EXIF and GPS directories, SubIFDs: every IFD that is not a level goes, its pixels and texts
 * with it. Which of them is the label matters to nobody: scanners and readers disagree about it.
 */
export const dropAssociatedImages: Step = async draft => {
  let next = draft
  for (const { ifd, place } of notLevels(draft)) {
    next = take(next, [...(await takeImage(draft, ifd, place)), ...(await takeTexts(draft, ifd, place))])
  }
  return next
}
