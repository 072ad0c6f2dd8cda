/** What of a slide's picture asks for a look: ink, text-like marks at its edges, bar codes. */
import { renderRegion } from '../pictures/render.ts'
import type { Picture, SlidePictures } from '../pictures/slide-pictures.ts'
import { findBarcodes } from './barcodes.ts'
import type { Flag } from './flag.ts'
import { findInk } from './ink.ts'
import { findText } from './text.ts'

/** Longest side of the picture that is searched: about 12 µm to a pixel for a whole glass; writing is 1 mm high and more. */
const OVERVIEW = 2048
/** Finer than this, nuclei look like letters and red cells like ink. */
const FINEST_MPP = 4
/** Of slides that do not tell. */
const USUAL_MPP = 0.5
/** More than anybody would look at; a slide with so many shows what it is. */
const MAX_FLAGS = 100

/**
 * Flags of a slide in level-0 pixels, the surest first.
 * @param mpp micrometres per level-0 pixel
 */
export async function findFlags(slide: SlidePictures, mpp: number | null, signal?: AbortSignal): Promise<Flag[]> {
  const { width, height } = slide.levels[0]!
  const size = searchedSize(slide.levels[0]!, mpp)
  const overview = await renderRegion(slide, { x: 0, y: 0, width, height }, size, signal)
  const scale = { x: width / overview.width, y: height / overview.height }
  const found = await flagsOf(overview)
  return found.map(flag => toLevel0(flag, scale, { width, height }))
}

/** Longest side of a picture of a whole slide that is searched. @param mpp micrometres per level-0 pixel */
export const searchedSize = ({ width, height }: { width: number; height: number }, mpp: number | null): number =>
  Math.min(OVERVIEW, Math.ceil((Math.max(width, height) * (mpp ?? USUAL_MPP)) / FINEST_MPP))

/** Flags in pixels of the picture. */
export async function flagsOf(picture: Picture): Promise<Flag[]> {
  const found = [...(await findBarcodes(picture)), ...findText(picture), ...findInk(picture)]
  return found.toSorted((a, b) => b.score - a.score).slice(0, MAX_FLAGS)
}

function toLevel0(
  { kind, score, ...at }: Flag,
  scale: { x: number; y: number },
  slide: { width: number; height: number },
): Flag {
  const x = Math.max(0, Math.min(slide.width - 1, Math.floor(at.x * scale.x)))
  const y = Math.max(0, Math.min(slide.height - 1, Math.floor(at.y * scale.y)))
  const width = Math.max(1, Math.min(slide.width - x, Math.ceil(at.width * scale.x)))
  const height = Math.max(1, Math.min(slide.height - y, Math.ceil(at.height * scale.y)))
  return { kind, x, y, width, height, score: Math.round(score * 100) / 100 }
}
