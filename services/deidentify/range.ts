/** What a Range header asks of a file of `size` bytes: all of it, a part, or something that cannot be had. */
export type RangeAsked = { kind: 'all' } | { kind: 'part'; offset: number; length: number } | { kind: 'unsatisfiable' }

/**
 * Reads a Range header (RFC 9110, 14.1.2 and 14.2). Several ranges at once, and headers that cannot be read, are ignored
 * as the standard allows: the answer is then the whole file.
 */
export function askedRange(header: string | undefined, size: number): RangeAsked {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return { kind: 'all' }
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', offset: size - length, length }
  }
  const offset = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < offset) return { kind: 'all' }
  if (offset >= size) return { kind: 'unsatisfiable' }
  return { kind: 'part', offset, length: end - offset + 1 }
}
