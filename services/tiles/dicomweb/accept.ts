/** What a caller of WADO-RS accepts (PS3.18, 8.7.5): frames are there as JPEG and nothing else. */
import { JPEG_BASELINE } from './instance.ts'

export type Wanted = 'parts' | 'single'

/** How frames go out; undefined when the caller accepts none of it (406). */
export function acceptedAs(accept: string | undefined): Wanted | undefined {
  for (const range of splitOutsideQuotes(accept ?? '*/*', ',')) {
    const [type = '', ...parameters] = splitOutsideQuotes(range.trim(), ';').map(part => part.trim())
    const given = new Map(parameters.map(readParameter))
    const syntax = given.get('transfer-syntax')
    if (syntax !== undefined && syntax !== '*' && syntax !== JPEG_BASELINE) continue
    if (type === 'image/jpeg') return 'single'
    if (type === '*/*') return 'parts'
    const inner = given.get('type') ?? 'image/jpeg'
    if (type === 'multipart/related' && (inner === 'image/jpeg' || inner === '*/*')) return 'parts'
  }
  return undefined
}

function readParameter(text: string): [string, string] {
  const [name = '', value = ''] = text.split('=', 2)
  return [
    name.trim().toLowerCase(),
    value
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase(),
  ]
}

/** Types in quotes may hold the separator. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  return text.split(new RegExp(`${separator}(?=(?:[^"]*"[^"]*")*[^"]*$)`))
}
