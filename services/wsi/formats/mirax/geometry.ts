import { SlideFileError } from '../../errors.ts'
import type { Level } from '../../slide.ts'
import { decimal } from '../aperio.ts'
import { damagedIni, decimalNumber, type Slidedat, textOf, wholeNumber } from './slidedat.ts'

/** What Slidedat.ini says about the pixels. An image is a stored picture; a photograph of the camera is cut into several. */
export interface MiraxGeometry {
  slideId: string
  /** Level-0 pixels. */
  width: number
  height: number
  levels: Level[]
  mpp: { x: number; y: number } | null
  objectivePower: number | null
  /** Places of images in the plane before overlaps are taken off. */
  imagesAcross: number
  imagesDown: number
  /** Images along a photograph's side. */
  divisions: number
  /** Pixels of a stored image of level 0. */
  imageWidth: number
  imageHeight: number
  /** Places along the side of a stored image of level 0; more than 1 where the scanner left out the finest level. */
  concat: number
  /** Pixels that neighbouring photographs share. */
  overlapX: number
  overlapY: number
  /** IMAGE_FORMAT of level 0: JPEG, PNG or BMP24. */
  coding: string
}

const COUNT = { min: 1, max: 1000 }
/** A slide of 100,000 x 100,000 pixels has 170,000 images. */
const MAX_PLACES = 2 ** 22
/** Sides of stored images; scanners write some hundred pixels. */
const IMAGE_SIDE = { min: 1, max: 8192 }
/** As of TIFF files: ten times the largest glass at the finest scan. */
const MAX_PIXELS = 2 ** 40
const SIDE = { min: 1, max: MAX_PLACES }
const MAX_LEVELS = 32

const tooLarge = () => new SlideFileError('too-large', 'The image has more pixels than any slide.')
const unsupported = (what: string) => new SlideFileError('unsupported', what)

/**
 * The geometry of a slide.
 * @throws SlideFileError `damaged`; `unsupported` for several fluorescence channels, focal planes and other codings
 */
export function miraxGeometry(slidedat: Slidedat): MiraxGeometry {
  const general = (key: string) => wholeNumber(slidedat, 'GENERAL', key, SIDE)
  const [imagesAcross, imagesDown] = [general('IMAGENUMBER_X'), general('IMAGENUMBER_Y')]
  const divisions = slidedat.get('GENERAL')?.has('CameraImageDivisionsPerSide')
    ? general('CameraImageDivisionsPerSide')
    : 1
  if (imagesAcross * imagesDown > MAX_PLACES) throw tooLarge()
  assertOneImagePerPlace(slidedat)
  const sections = levelSections(slidedat)
  const [first] = sections as [string]
  const size = (key: string) => wholeNumber(slidedat, first, key, IMAGE_SIDE)
  const [imageWidth, imageHeight] = [size('DIGITIZER_WIDTH'), size('DIGITIZER_HEIGHT')]
  const overlapX = decimalNumber(slidedat, first, 'OVERLAP_X')
  const overlapY = decimalNumber(slidedat, first, 'OVERLAP_Y')
  const concats = concatFactors(slidedat, sections)
  const base = {
    width: extent(imagesAcross, divisions, imageWidth, overlapX),
    height: extent(imagesDown, divisions, imageHeight, overlapY),
  }
  if (base.width * base.height > MAX_PIXELS) throw tooLarge()
  const [mppX, mppY] = ['X', 'Y'].map(axis => decimalNumber(slidedat, first, `MICROMETER_PER_PIXEL_${axis}`))
  const levels = levelsOf(base, concats)
  return {
    slideId: textOf(slidedat, 'GENERAL', 'SLIDE_ID'),
    width: (levels[0] as Level).width,
    height: (levels[0] as Level).height,
    levels,
    mpp: mppX && mppY && mppX > 0 && mppY > 0 ? { x: mppX, y: mppY } : null,
    objectivePower: decimal(slidedat.get('GENERAL')?.get('OBJECTIVE_MAGNIFICATION')?.replace(/x$/i, '')),
    imagesAcross,
    imagesDown,
    divisions,
    imageWidth,
    imageHeight,
    concat: concats[0] as number,
    overlapX,
    overlapY,
    coding: imageCoding(slidedat, first),
  }
}

function imageCoding(slidedat: Slidedat, section: string): string {
  const coding = textOf(slidedat, section, 'IMAGE_FORMAT')
  if (!['JPEG', 'PNG', 'BMP24'].includes(coding)) {
    throw unsupported('The slide is stored in a compression that is not supported.')
  }
  return coding
}

/** Channels and focal planes are hierarchies beside the one of zoom levels. */
function assertOneImagePerPlace(slidedat: Slidedat): void {
  const hierarchies = wholeNumber(slidedat, 'HIERARCHICAL', 'HIER_COUNT', COUNT)
  if (textOf(slidedat, 'HIERARCHICAL', 'HIER_0_NAME') !== 'Slide zoom level') throw damagedIni('names no zoom levels')
  const fluorescence = /FLUORESCENCE/i.test(slidedat.get('GENERAL')?.get('SLIDE_TYPE') ?? '')
  for (let i = 1; i < hierarchies; i++) {
    const name = textOf(slidedat, 'HIERARCHICAL', `HIER_${i}_NAME`)
    if (wholeNumber(slidedat, 'HIERARCHICAL', `HIER_${i}_COUNT`, { min: 0, max: 1000 }) < 2) continue
    if (/focus|z-?stack/i.test(name)) {
      throw unsupported('The slide has several focal planes (a z-stack), which are not supported.')
    }
    if (fluorescence && /filter/i.test(name)) {
      throw unsupported('The slide has several fluorescence channels, which are not supported.')
    }
  }
}

function levelSections(slidedat: Slidedat): string[] {
  const count = wholeNumber(slidedat, 'HIERARCHICAL', 'HIER_0_COUNT', { min: 1, max: MAX_LEVELS })
  return Array.from({ length: count }, (_, i) => textOf(slidedat, 'HIERARCHICAL', `HIER_0_VAL_${i}_SECTION`))
}

/** Places along the side of an image by level: IMAGE_CONCAT_FACTOR is a power of two that adds up from level to level. */
function concatFactors(slidedat: Slidedat, sections: string[]): number[] {
  let exponent = 0
  return sections.map((section, i) => {
    exponent += wholeNumber(slidedat, section, 'IMAGE_CONCAT_FACTOR', { min: i === 0 ? 0 : 1, max: 24 })
    if (exponent > 24) throw damagedIni('has an impossible number')
    return 2 ** exponent
  })
}

/** The plane's side in pixels: photographs overlap, the images of one photograph do not. */
function extent(images: number, divisions: number, side: number, overlap: number): number {
  const seams = Math.ceil(images / divisions) - 1
  const pixels = images * side - seams * overlap
  if (!(pixels >= 1) || overlap < 0) throw damagedIni('has an impossible number')
  return Math.floor(pixels)
}

function levelsOf({ width, height }: { width: number; height: number }, concats: number[]): Level[] {
  const sides = (pixels: number, concat: number) => Math.max(1, Math.floor(pixels / concat))
  const first = concats[0] as number
  return concats.map(concat => ({
    width: sides(width, concat),
    height: sides(height, concat),
    downsample: sides(width, first) / sides(width, concat),
  }))
}
