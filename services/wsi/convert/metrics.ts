/** How near a picture is to its reference, as the literature measures it. Pictures are interleaved 8-bit RGB of one size. */
import { type Picture, psnr } from './measure.ts'

export interface Nearness {
  /** Peak signal-to-noise ratio in dB over all RGB samples; at most 99, which stands for equal pictures. */
  psnr: number
  /** Mean structural similarity of the luma, 1 for equal pictures. */
  ssim: number
}

const EQUAL_DB = 99

/** @throws RangeError for pictures of different sizes or smaller than SSIM's window of 11 pixels */
export function nearness(reference: Picture, picture: Picture): Nearness {
  return { psnr: Math.min(EQUAL_DB, psnr(reference, picture)), ssim: ssim(reference, picture) }
}

/** Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 13(4), 2004. */
const WINDOW = 11
const SIGMA = 1.5
const C1 = (0.01 * 255) ** 2
const C2 = (0.03 * 255) ** 2

/**
 * Mean structural similarity of the luma (ITU-R BT.601), by the Gaussian window of 11 x 11 pixels and the constants of
 * the paper; windows lie wholly inside the pictures.
 */
export function ssim(reference: Picture, picture: Picture): number {
  const { width, height } = reference
  if (picture.width !== width || picture.height !== height) throw new RangeError('SSIM compares pictures of one size')
  if (width < WINDOW || height < WINDOW) throw new RangeError(`SSIM needs ${WINDOW} pixels in both directions`)
  const [x, y] = [luma(reference), luma(picture)]
  const smooth = (plane: Float64Array) => gaussian(plane, width, height)
  const [meanX, meanY] = [smooth(x), smooth(y)]
  const [meanXX, meanYY, meanXY] = [smooth(product(x, x)), smooth(product(y, y)), smooth(product(x, y))]
  let sum = 0
  for (let i = 0; i < meanX.length; i++) {
    const [mx, my] = [meanX[i] as number, meanY[i] as number]
    const varianceX = (meanXX[i] as number) - mx * mx
    const varianceY = (meanYY[i] as number) - my * my
    const covariance = (meanXY[i] as number) - mx * my
    sum += ((2 * mx * my + C1) * (2 * covariance + C2)) / ((mx * mx + my * my + C1) * (varianceX + varianceY + C2))
  }
  return sum / meanX.length
}

function luma({ data }: Picture): Float64Array {
  const plane = new Float64Array(data.length / 3)
  for (let i = 0, at = 0; i < plane.length; i++, at += 3) {
    plane[i] = 0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number)
  }
  return plane
}

const product = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value * (b[i] as number))

/** Adds up to 1. */
const WEIGHTS = (() => {
  const raw = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - WINDOW / 2 + 0.5) ** 2) / (2 * SIGMA ** 2)))
  const sum = raw.reduce((total, weight) => total + weight, 0)
  return raw.map(weight => weight / sum)
})()

/** The window's weighted mean at each place where it lies inside, first along the rows, then down the columns. */
function gaussian(plane: Float64Array, width: number, height: number): Float64Array {
  const [across, down] = [width - WINDOW + 1, height - WINDOW + 1]
  const rows = new Float64Array(across * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < across; x++) rows[y * across + x] = weighted(plane, y * width + x, 1)
  }
  const smooth = new Float64Array(across * down)
  for (let i = 0; i < smooth.length; i++) smooth[i] = weighted(rows, i, across)
  return smooth
}

function weighted(plane: Float64Array, from: number, step: number): number {
  let sum = 0
  for (let i = 0; i < WINDOW; i++) sum += (WEIGHTS[i] as number) * (plane[from + i * step] as number)
  return sum
}
