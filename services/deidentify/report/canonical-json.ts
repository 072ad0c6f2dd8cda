/**
 * A value as canonical JSON (RFC 8785): keys in order, no space, so that a signature can be checked whatever wrote the
 * document since.
 * @throws TypeError for what JSON cannot say
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
    // By UTF-16 code units, as the RFC has it, which is how strings compare.
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${sorted.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`
  }
  const said = JSON.stringify(value)
  if (said === undefined || (typeof value === 'number' && !Number.isFinite(value))) throw new TypeError('not JSON')
  return said
}
