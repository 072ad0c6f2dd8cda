/** What both benches take, so that their figures are of the same slide under the same load. */

export const CONNECTIONS = 16

/** `[ROUNDS] [SECONDS] [WIDTH] [HEIGHT]` of the command line. */
export function readArguments(): { rounds: number; seconds: number; size: { width: number; height: number } } {
  const [rounds = 5, seconds = 5, width = 22_200, height = 23_736] = process.argv.slice(2).map(Number)
  return { rounds, seconds, size: { width, height } }
}
