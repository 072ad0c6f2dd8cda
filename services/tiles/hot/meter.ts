/** How many tiles, from where, how quickly: plain numbers on the way of a tile, told to OpenTelemetry at a scrape. */
import type { IncomingMessage } from 'node:http'
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import type { CacheAnswer } from '../cache/tile-cache.ts'

export interface TileMeter {
  record(from: CacheAnswer, milliseconds: number, bytes: number): void
  /** Answers in a span, see {@link traceTile}. */
  trace(tile: TracedTile, answer: () => Promise<void>): Promise<void>
}

export interface TracedTile {
  /** The template of the path. */
  route: string
  req: IncomingMessage
  slideId: string
  /** Of the slide's way from upload to here. */
  traceparent: string | undefined
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
    trace: (tile, answer) => traceTile(telemetry, tile, answer),
  }
}

/** Another user's request: a trace of its own, linked to the slide's way in. */
export function traceTile(
  telemetry: Telemetry,
  { route, req, slideId, traceparent }: TracedTile,
  answer: () => Promise<void>,
): Promise<void> {
  const attributes = { 'http.route': route, 'coverslip.slide.id': slideId }
  const parent = (req.headers.traceparent as string | undefined) ?? null
  return telemetry.span('GET tile', { kind: 'server', parent, attributes, links: [traceparent] }, answer)
}
