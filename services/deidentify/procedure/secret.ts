import type { ByteSource } from '@coverslip/wsi/slide.ts'
import type { Entry } from '@coverslip/wsi/tiff/index.ts'
import { FieldType } from '@coverslip/wsi/tiff/tags.ts'

/** Longer values are remembered by their beginning: finding that is finding them. */
const MAX_BYTES = 4096
/** Shorter texts are met by chance. */
const MIN_LETTERS = 4

/** A removed text as it is looked for: without padding; null when there is too little of it to mean anything. */
export function toSecret(value: Buffer | string): Buffer | null {
  const text = Buffer.isBuffer(value) ? value.toString('latin1') : value
  const trimmed = (text.split('\0', 1)[0] ?? '').trim()
  return trimmed.length < MIN_LETTERS || new Set(trimmed).size < 2
    ? null
    : Buffer.from(trimmed.slice(0, MAX_BYTES), 'latin1')
}

/** The text of a field that is removed; null for numbers. */
export async function readSecret(source: ByteSource, entry: Entry): Promise<Buffer | null> {
  if (entry.type !== FieldType.ASCII || entry.byteLength === 0) return null
  if (entry.inlineBytes) return toSecret(entry.inlineBytes)
  return toSecret(await source.read(entry.valueOffset, Math.min(entry.byteLength, MAX_BYTES)))
}
