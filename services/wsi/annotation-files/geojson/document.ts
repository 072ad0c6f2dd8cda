import { isUtf8 } from 'node:buffer'
import { Unusable } from '../errors.ts'

/**
 * Parses JSON bytes. A byte order mark and UTF-16 are read; so are the bare NaN and Infinity that some programs write
 * although JSON has none; of doubled keys (QuPath doubles `metadata` at times) the last one counts.
 * @throws Unusable when it is not JSON; the message quotes nothing
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes)
  try {
    return JSON.parse(text)
  } catch {
    return parseWithBareNumbers(text)
  }
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return isUtf8(bytes) ? 'utf-8' : 'windows-1252'
}

const TEXT_OR_BARE_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g

function parseWithBareNumbers(text: string): unknown {
  try {
    return JSON.parse(text.replaceAll(TEXT_OR_BARE_NUMBER, found => (found.startsWith('"') ? found : `"${found}"`)))
  } catch {
    throw new Unusable('it is not JSON')
  }
}
