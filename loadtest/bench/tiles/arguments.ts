/** What both benches take, so that their figures are of the same slide under the same load. */
import { parseArgs } from 'node:util'
import { describeSlide } from '@coverslip/wsi/open.ts'

export const CONNECTIONS = 16

export interface BenchArguments<Part extends string> {
  rounds: number
  seconds: number
  size: { width: number; height: number }
  /** A slide file whose pyramid is compared; where none is named, one is made. */
  file: string | undefined
  /** Those that were named, all where none was. */
  parts: readonly Part[]
}

/**
 * `[ROUNDS] [SECONDS] [WIDTH] [HEIGHT] [PART …] [--slide FILE]` of the command line.
 * @throws Error that names the parts there are; SlideFileError of the file
 */
export async function readArguments<Part extends string>(all: readonly Part[] = []): Promise<BenchArguments<Part>> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { slide: { type: 'string' } } })
  const [rounds = 5, seconds = 5, width = 22_200, height = 23_736] = positionals.flatMap(one => Number(one) || [])
  const words = positionals.filter(one => !Number(one))
  const named = all.filter(one => words.includes(one))
  if (named.length < words.length) throw new Error(`Parts are: ${all.join(', ') || 'none'}`)
  const size = values.slide ? await describeSlide(values.slide) : { width, height }
  return {
    rounds,
    seconds,
    size: { width: size.width, height: size.height },
    file: values.slide,
    parts: named.length > 0 ? named : all,
  }
}
