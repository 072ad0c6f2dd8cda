/** Texts to look for, in the ways in which they could be written. */

/** A text that must not be in the result. */
export interface Known {
  text: string
  /** Given from outside (a name, a file's name), or read from the source's metadata. */
  from: 'given' | 'source'
}

/** Bytes to look for; letters match in either case. */
export type Needle = Buffer

/** The beginning of a longer text stands for all of it. */
const MAX_CHARACTERS = 48
/**
 * How unlikely bytes must be to be met by chance, in bits. A slide of 10 GB of compressed pixels has 2^33 positions; with
 * 1000 needles of 2^-56 each one such slide in ten thousand would raise a false alarm. Shorter texts are not looked for
 * among pixels. They cannot be anywhere else: other bytes are numbers that are compared with the source, words that are
 * judged one by one, or zeros.
 */
const MIN_BITS = 56

const isLetter = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)

/** A letter in either case says one bit less than another byte. */
const bitsOf = (needle: Needle): number => needle.reduce((bits, byte) => bits + (isLetter(byte) ? 7 : 8), 0)

/** What of Base64 is the same whatever stands around the text, for one of its three alignments. */
function base64At(bytes: Buffer, alignment: number): Buffer {
  const coded = Buffer.concat([Buffer.alloc(alignment), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const from = Math.ceil((alignment * 8) / 6)
  const to = Math.floor(((alignment + bytes.length) * 8) / 6)
  return Buffer.from(coded.slice(from, to))
}

function formsOf(text: string): Needle[] {
  const latin = Buffer.from(text, 'latin1')
  const utf8 = Buffer.from(text, 'utf8')
  const wide = Buffer.from(text, 'utf16le')
  const coded = [text, text.toUpperCase(), text.toLowerCase()].map(cased => Buffer.from(cased, 'utf8'))
  return [
    latin,
    utf8,
    wide,
    Buffer.from(wide).swap16(),
    Buffer.from(utf8.toString('hex')),
    ...coded.flatMap(bytes => [0, 1, 2].map(alignment => base64At(bytes, alignment))),
  ]
}

/** The needles of texts, each once; those that chance would find are left out. */
export function needlesOf(known: readonly Known[]): Needle[] {
  const needles = new Map<string, Needle>()
  for (const { text } of known) {
    for (const needle of formsOf(text.slice(0, MAX_CHARACTERS))) {
      if (bitsOf(needle) >= MIN_BITS) needles.set(needle.toString('latin1').toLowerCase(), needle)
    }
  }
  return [...needles.values()]
}
