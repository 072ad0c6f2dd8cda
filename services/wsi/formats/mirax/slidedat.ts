import { SlideFileError } from '../../errors.ts'

/** Sections and their keys; of a key that is there twice the last one counts, as in GLib's key files. */
export type Slidedat = Map<string, Map<string, string>>

/**
 * Slidedat.ini: "KEY = value" lines below "[SECTION]" lines, in UTF-8 (old ones in Latin-1), usually with a byte order
 * mark and CRLF. Lines without a key say nothing.
 */
export function parseSlidedat(bytes: Buffer): Slidedat {
  const slidedat: Slidedat = new Map()
  let section = new Map<string, string>()
  for (const line of decoded(bytes).split(/\r?\n/)) {
    const [, name] = /^\s*\[([^\]]*)\]\s*$/.exec(line) ?? []
    if (name !== undefined) {
      section = slidedat.get(name) ?? new Map()
      slidedat.set(name, section)
      continue
    }
    const at = line.indexOf('=')
    const key = line.slice(0, Math.max(0, at)).trim()
    if (at > 0 && key !== '' && !key.startsWith('#')) section.set(key, line.slice(at + 1).trim())
  }
  return slidedat
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}

export const damagedIni = (what: string): SlideFileError =>
  new SlideFileError('damaged', `The slide is damaged: its Slidedat.ini ${what}.`)

/** @throws SlideFileError `damaged` when the value is missing */
export function textOf(slidedat: Slidedat, section: string, key: string): string {
  const value = slidedat.get(section)?.get(key)
  if (value === undefined) throw damagedIni('lacks a key')
  return value
}

/** A whole number from `min` to `max`. @throws SlideFileError `damaged` */
export function wholeNumber(
  slidedat: Slidedat,
  section: string,
  key: string,
  { min, max }: { min: number; max: number },
): number {
  const text = textOf(slidedat, section, key)
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw damagedIni('has an impossible number')
  return value
}

/** A decimal with point or comma. @throws SlideFileError `damaged` */
export function decimalNumber(slidedat: Slidedat, section: string, key: string): number {
  const value = Number(textOf(slidedat, section, key).replace(',', '.') || Number.NaN)
  if (!Number.isFinite(value)) throw damagedIni('has an impossible number')
  return value
}
