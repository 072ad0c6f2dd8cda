/** What both benches take, so that their figures are of the same slide under the same load. */

export const CONNECTIONS = 16

export interface BenchArguments<Part extends string> {
  rounds: number
  seconds: number
  size: { width: number; height: number }
  /** Those that were named, all where none was. */
  parts: readonly Part[]
}

/**
 * `[ROUNDS] [SECONDS] [WIDTH] [HEIGHT] [PART …]` of the command line.
 * @throws Error that names the parts there are
 */
export function readArguments<Part extends string>(all: readonly Part[] = []): BenchArguments<Part> {
  const given = process.argv.slice(2)
  const [rounds = 5, seconds = 5, width = 22_200, height = 23_736] = given.flatMap(one => Number(one) || [])
  const words = given.filter(one => !Number(one))
  const named = all.filter(one => words.includes(one))
  if (named.length < words.length) throw new Error(`Parts are: ${all.join(', ') || 'none'}`)
  return { rounds, seconds, size: { width, height }, parts: named.length > 0 ? named : all }
}
