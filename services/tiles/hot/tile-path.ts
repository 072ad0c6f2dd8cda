/** The path of a Deep Zoom tile, read by character codes: no expression, no pieces but the two names. */

export interface TilePath {
  slideId: string
  /** Of the rendition. */
  name: string
  level: number
  x: number
  y: number
}

const PREFIX = '/tiles/'
const ID_LENGTH = 36
const NAME_AT = PREFIX.length + ID_LENGTH + 1
const FILES = '_files/'
const SUFFIX = '.jpeg'
const MAX_NAME = 32
const SLASH = 47
const UNDERSCORE = 95

/** `/tiles/{uuid}/{rendition}_files/{level}/{x}_{y}.jpeg`; undefined for every other path, also for other spellings. */
export function parseTilePath(url: string): TilePath | undefined {
  if (!url.startsWith(PREFIX) || url.charCodeAt(NAME_AT - 1) !== SLASH || !url.endsWith(SUFFIX)) return undefined
  const nameEnd = url.indexOf(FILES, NAME_AT)
  if (nameEnd <= NAME_AT || nameEnd - NAME_AT > MAX_NAME) return undefined
  const levelAt = nameEnd + FILES.length
  const levelEnd = digitsEnd(url, levelAt)
  const xEnd = digitsEnd(url, levelEnd + 1)
  const yEnd = digitsEnd(url, xEnd + 1)
  if (url.charCodeAt(levelEnd) !== SLASH || url.charCodeAt(xEnd) !== UNDERSCORE) return undefined
  if (yEnd !== url.length - SUFFIX.length) return undefined
  const [level, x, y] = [
    numberAt(url, levelAt, levelEnd),
    numberAt(url, levelEnd + 1, xEnd),
    numberAt(url, xEnd + 1, yEnd),
  ]
  if (level < 0 || x < 0 || y < 0) return undefined
  return { slideId: url.slice(PREFIX.length, NAME_AT - 1), name: url.slice(NAME_AT, nameEnd), level, x, y }
}

function digitsEnd(text: string, at: number): number {
  let end = at
  for (let code = text.charCodeAt(end); code >= 48 && code <= 57; code = text.charCodeAt(end)) end += 1
  return end
}

const MAX_DIGITS = 7

/** -1 for no digits, too many, or a leading zero: one address for one tile. */
function numberAt(text: string, start: number, end: number): number {
  if (end <= start || end - start > MAX_DIGITS || (end - start > 1 && text.charCodeAt(start) === 48)) return -1
  let value = 0
  for (let at = start; at < end; at += 1) value = value * 10 + text.charCodeAt(at) - 48
  return value
}
