/** How many tiles, from where, how quickly: plain numbers on the way of a tile, told to OpenTelemetry at a scrape. */
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import type { CacheAnswer } from '../cache/tile-cache.ts'

export interface TileMeter {
  record(from: CacheAnswer, milliseconds: number, bytes: number): void
}

const SECONDS = [0.00005, 0.0002, 0.0005, 0.002, 0.01, 0.05, 0.2, 1, 5]
const ANSWERS: readonly CacheAnswer[] = ['memory', 'page', 'shared', 'joined', 'loaded']

/** @param served counts the bytes that viewers got */
export function createMeter(telemetry: Telemetry, served: (bytes: number) => void): TileMeter {
  const histogram = telemetry.plainHistogram('coverslip_tile_seconds', 'Time to answer a tile', 's', SECONDS)
  const recorders = Object.fromEntries(
    ANSWERS.map(from => [from, histogram.bind({ 'coverslip.cache': from })]),
  ) as Record<CacheAnswer, { record(value: number): void }>
  return {
    record(from, milliseconds, bytes) {
      recorders[from].record(milliseconds / 1000)
      served(bytes)
    },
  }
}
