import type { Slide } from '@coverslip/proto/api.ts'

/** Micrometres, millimetres and magnification for people; pure. */
export interface Mpp {
  x: number
  y: number
}

/** What the slide says of both directions; null: uncalibrated. */
export const calibrationOf = ({ mppX, mppY }: Pick<Slide, 'mppX' | 'mppY'>): Mpp | null =>
  mppX !== null && mppY !== null ? { x: mppX, y: mppY } : null

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))

/** `length` in level-0 pixels measured along both axes at once, or already in µm when `mpp` is known. */
export const lengthText = (length: number, calibrated: boolean): string => {
  if (!calibrated) return `${number(length)} px`
  return length >= 1000 ? `${number(length / 1000)} mm` : `${number(length)} µm`
}

export const areaText = (area: number, calibrated: boolean): string => {
  if (!calibrated) return `${number(area)} px²`
  return area >= 100_000 ? `${number(area / 1_000_000)} mm²` : `${number(area)} µm²`
}

export const bytesText = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3))
  return `${number(bytes / 1000 ** power)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`
}

/** The longest of 1, 2, 5 x 10^n that fits into `most` screen pixels at `perPixel` units per screen pixel. */
export function scaleBar(perPixel: number, most: number): { length: number; pixels: number } {
  const longest = perPixel * most
  const power = 10 ** Math.floor(Math.log10(longest))
  const step = [5, 2, 1].find(candidate => candidate * power <= longest * (1 + 1e-9)) ?? 1
  return { length: step * power, pixels: (step * power) / perPixel }
}

/**
 * Magnification shown on the screen: 10 / mpp is what one slide pixel per screen pixel is called (0.25 µm/px = 40x).
 * @param resolution slide pixels per screen pixel
 */
export const magnificationOf = (mpp: number, resolution: number): number => 10 / mpp / resolution
export const resolutionFor = (mpp: number, magnification: number): number => 10 / mpp / magnification

/** How much smaller (or larger) the pyramid is than the source; empty when there is nothing to compare. */
export function savingText(source: number, pyramid: number | null): string {
  if (pyramid === null || source <= 0) return ''
  const percent = Math.round((1 - pyramid / source) * 100)
  return percent >= 0 ? `${percent} % less` : `${-percent} % more`
}

/** Rounded up, since nobody minds what is sooner; empty for what cannot be told. */
export function timeLeftText(seconds: number | null): string {
  if (seconds === null) return ''
  if (seconds < 10) return 'a few seconds left'
  if (seconds <= 90) return `about ${Math.ceil(seconds / 10) * 10} s left`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `about ${minutes} min left` : `about ${Math.ceil(minutes / 60)} h left`
}

export const magnificationText = (magnification: number): string => {
  const digits = magnification >= 10 ? 1 : 2
  return `${Number(magnification.toFixed(digits))}x`
}

/** Without calibration only the scale can be told: 1:4 means four slide pixels per screen pixel. */
export const ratioText = (resolution: number): string =>
  resolution >= 1 ? `1:${Number(resolution.toPrecision(2))}` : `${Number((1 / resolution).toPrecision(2))}:1`

export interface Preset {
  label: string
  /** Slide pixels per screen pixel. */
  resolution: number
  /** More than the scanner saw: still shown, but only enlarges pixels. */
  beyondScan: boolean
}
const MAGNIFICATIONS = [1, 2, 4, 10, 20, 40]
const RATIOS = [32, 16, 8, 4, 2, 1]

/** The six steps of the zoom bar and of the keys 1 to 6. */
export const presets = (mpp: number | null): Preset[] =>
  mpp
    ? MAGNIFICATIONS.map(magnification => {
        const resolution = resolutionFor(mpp, magnification)
        // Scanners' mpp differs a little from the round figure: 0.2521 is still "40x".
        return { label: `${magnification}x`, resolution, beyondScan: resolution < 0.9 }
      })
    : RATIOS.map(ratio => ({ label: `1:${ratio}`, resolution: ratio, beyondScan: false }))
