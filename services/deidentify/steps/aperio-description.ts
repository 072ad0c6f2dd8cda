/**
 * Aperio's ImageDescription: prose, then `|Key = Value` pairs. Only what is known to be harmless stays: a line of prose
 * by its form, a pair by its key and its value.
 */

import { convertDate, type DatePolicy } from '../procedure/dates.ts'
import type { Taken } from '../procedure/draft.ts'
import { toSecret } from '../procedure/secret.ts'

const NUMBER = /^-?\d{1,7}([.,]\d{1,12})?$/
const MAGNIFICATION = /^\d{1,3}([.,]\d{1,2})?$/
const MPP = /^\d{1,2}[.,]\d{1,12}$/

/** Keys in lower case with what their value must look like; the scanners' spelling varies. */
export const KEPT_KEYS: ReadonlyMap<string, RegExp> = new Map([
  ['appmag', MAGNIFICATION],
  ['mpp', MPP],
  ...[
    'StripeWidth',
    'Left',
    'Top',
    'LineCameraSkew',
    'LineAreaXOffset',
    'LineAreaYOffset',
    'Focus Offset',
    'Exposure Time',
    'Exposure Scale',
    'DisplayColor',
    'OriginalWidth',
    'OriginalHeight',
    'Gamma',
    'BestFocusLayer',
    'CalibrationAverageBlue',
    'CalibrationAverageGreen',
    'CalibrationAverageRed',
  ].map(key => [key.toLowerCase(), NUMBER] as const),
  ['icc profile', /^(ScanScope v1|AT2|GT450|sRGB)$/],
])

/** Keys that are removed and whose names say nothing of a patient; any other name is withheld from the report. */
export const REMOVED_KEYS: ReadonlySet<string> = new Set(
  [
    'ScanScope ID',
    'Filename',
    'Title',
    'Date',
    'Time',
    'Time Zone',
    'User',
    'ImageID',
    'DSR ID',
    'Barcode',
    'Slide',
    'Rack',
    'Accession',
    'Patient',
    'Scanner ID',
    'ScannerType',
    'SessonMode',
    'SessionMode',
    'Scan Warning',
    'Parmset',
    'Filtered',
    'CompressedFile',
    'Copyright',
    'Webslide Files',
  ].map(key => key.toLowerCase()),
)

/** Lines of prose: who wrote the file, that a page is the macro, and the geometry of a (possibly chained) export. */
const KEPT_PROSE = [
  /^Aperio( (Image Library|Leica Biosystems [A-Z]{2}\d{1,4}( ?DX)?))?( v?\d{1,4}(\.\d{1,5}){0,3})?$/,
  /^macro \d{1,5}x\d{1,5}$/,
  /^\d{1,7}x\d{1,7}( \[\d{1,7},\d{1,7},? \d{1,7}x\d{1,7}\])?( \(\d{1,5}x\d{1,5}\))?( -> \d{1,7}x\d{1,7})?( (JPEG|J2K|RAW|LZW)(\/[A-Z0-9]{2,6})?( Q=\d{1,3})?)?( -)?$/,
]
/** Readers know the format by this beginning. */
const OPENING = 'Aperio'

/** A description without what may identify, and what went. */
export interface CleanDescription {
  text: string
  taken: { kind: 'key' | 'text'; name: string; length: number }[]
  secrets: Buffer[]
}

const isHarmless = (line: string): boolean => line === '' || KEPT_PROSE.some(form => form.test(line))

function cleanProse(prose: string, taken: CleanDescription['taken'], secrets: string[]): string {
  const drop = (line: string): boolean => {
    if (isHarmless(line.trim())) return false
    taken.push({ kind: 'text', name: 'prose', length: line.length })
    secrets.push(line)
    return true
  }
  const cleaned = prose
    .split(';')
    .map(part => {
      const lines = part.split(/(?<=\n)/)
      return lines.filter(line => !drop(line)).join('')
    })
    .filter((part, i) => i === 0 || part.trim() !== '')
    .join(';')
  return cleaned.startsWith('Aperio') ? cleaned : `${OPENING}${cleaned === '' ? '' : `\r\n${cleaned}`}`
}

/** A key as the report may say it. */
function publicKey(key: string): string {
  const lower = key.toLowerCase()
  return REMOVED_KEYS.has(lower) || KEPT_KEYS.has(lower) ? key : 'unknown key'
}

/** Splits at the first equals sign: values may hold more of them. */
function cleanPair(
  pair: string,
  taken: CleanDescription['taken'],
  secrets: string[],
  dates: DatePolicy | undefined,
): string | null {
  const at = pair.indexOf('=')
  const key = (at < 0 ? pair : pair.slice(0, at)).trim()
  const value = at < 0 ? '' : pair.slice(at + 1).trim()
  if (at >= 0 && KEPT_KEYS.get(key.toLowerCase())?.test(value)) return pair.trim()
  if (pair.trim() === '') return null
  const name = publicKey(key)
  const date = dates && key.toLowerCase() === 'date' ? convertDate(value, 'aperio', dates) : null
  if (date === value) return pair.trim()
  taken.push({ kind: 'key', name, length: Buffer.byteLength(pair) })
  secrets.push(value, ...(name === 'unknown key' ? [key] : []))
  return date === null ? null : `${key} = ${date}`
}

/**
 * Applies the allow-list to a description. Cleaning a clean description changes nothing. The result of a description that
 * begins with "Aperio" is never longer than it.
 */
export function cleanAperioDescription(description: string, dates?: DatePolicy): CleanDescription {
  const taken: CleanDescription['taken'] = []
  const secrets: string[] = []
  const [prose = '', ...pairs] = description.split('|')
  const kept = pairs.flatMap(pair => cleanPair(pair, taken, secrets, dates) ?? [])
  const text = [cleanProse(prose, taken, secrets), ...kept].join('|')
  return { text, taken, secrets: secrets.flatMap(secret => toSecret(secret) ?? []) }
}

/** The pieces of a description for the report, at a place. */
export const takenAt = (place: string, { taken, secrets }: CleanDescription): Taken[] => [
  ...taken.map(({ kind, name, length }) => ({ removed: { place, kind, name, length, count: 1 } })),
  ...secrets.map(secret => ({ secret })),
]
