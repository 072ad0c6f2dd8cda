/** Drop all remembered squares beyond this many: a block touches a few hundred. */
const REMEMBERED = 20_000

/**
 * Remembers what `make` found for a square of a lattice. Things that sit one to a square (glands, fat cells) are asked
 * for by every point around them.
 */
export function lattice<T>(make: (i: number, j: number) => T): (i: number, j: number) => T {
  const known = new Map<number, T>()
  return (i, j) => {
    const key = (i + 32768) * 65536 + (j + 32768)
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size > REMEMBERED) known.clear()
    const made = make(i, j)
    known.set(key, made)
    return made
  }
}
