import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import { SaxesParser } from 'saxes'
import { Unusable } from './errors.ts'

export interface XmlEvents {
  open(name: string, attributes: Record<string, string>): void
  close(name: string): unknown
}

const CHUNK = 256 * 1024

/**
 * Reads XML in small steps, so that a large file neither fills the memory nor holds up what else the process does.
 * Document types are refused, and with them every entity that a file could declare.
 * @throws Unusable when it is not well-formed; the message quotes nothing
 */
export async function readXml(bytes: Uint8Array, events: XmlEvents): Promise<void> {
  const parser = new SaxesParser({ xmlns: false, position: true })
  parser.on('doctype', () => {
    throw new Unusable('it declares a document type, which is not accepted')
  })
  parser.on('error', () => {
    throw new Unusable(`it is not well-formed XML at line ${parser.line}, column ${parser.column + 1}`)
  })
  parser.on('opentag', ({ name, attributes }) => events.open(name, attributes))
  parser.on('closetag', ({ name }) => events.close(name))
  const decoder = decoderOf(bytes)
  for (let at = 0; at < bytes.length; at += CHUNK) {
    parser.write(decoder.decode(bytes.subarray(at, at + CHUNK), { stream: true }))
    await setImmediate()
  }
  parser.write(decoder.decode()).close()
}

/** By byte order mark, by the zero bytes of UTF-16 without one, by the XML declaration, by what the bytes can be. */
export function decoderOf(bytes: Uint8Array): InstanceType<typeof TextDecoder> {
  const [a, b] = bytes
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)) return new TextDecoder('utf-16le')
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c)) return new TextDecoder('utf-16be')
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 200))
  const declared = /^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/i.exec(head)?.[1]
  // Declared as UTF-16 and yet no UTF-16: some programs convert the bytes and leave the declaration.
  if (isUtf8(bytes) || declared === undefined || /^utf-?16/i.test(declared))
    return new TextDecoder(isUtf8(bytes) ? 'utf-8' : 'windows-1252')
  try {
    return new TextDecoder(declared)
  } catch {
    throw new Unusable('its encoding is not known; save it as UTF-8')
  }
}
