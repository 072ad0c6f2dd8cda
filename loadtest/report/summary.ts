/** What k6 measured, reduced to what the report tells. */

/** k6's own summary, as `handleSummary` gives it (k6 documentation, "Custom summary"). */
export interface K6Summary {
  metrics: Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> } | undefined>
}

/** Milliseconds. */
export interface Times {
  count: number
  p50: number
  p90: number
  p95: number
  p99: number
  max: number
}

export interface Outcome {
  scenario: string
  /** Null: nothing of the kind happened. */
  firstFullView: Times | null
  viewportComplete: Times | null
  tile: Times | null
  annotationSaved: Times | null
  annotationsSentAgain: number
  tiles: number
  tilesPerSecond: number
  tilesGivenUp: number
  tilesInBrowserCache: number
  /** Share of requests, 0 to 1. */
  errors: number
  /** By `metric: expression`; false: missed. */
  thresholds: Record<string, boolean>
}

/** Reads k6's summary of one scenario. */
export function outcomeOf(scenario: string, { metrics }: K6Summary): Outcome {
  const value = (metric: string, name: string): number => metrics[metric]?.values[name] ?? 0
  return {
    scenario,
    firstFullView: timesOf(metrics.first_full_view?.values),
    viewportComplete: timesOf(metrics.viewport_complete?.values),
    tile: timesOf(metrics.tile_time?.values),
    annotationSaved: timesOf(metrics.annotation_saved?.values),
    annotationsSentAgain: value('annotations_sent_again', 'count'),
    tiles: value('tiles', 'count'),
    tilesPerSecond: value('tiles', 'rate'),
    tilesGivenUp: value('tiles_given_up', 'count'),
    tilesInBrowserCache: value('tiles_in_browser_cache', 'count'),
    errors: Math.max(value('tile_errors', 'rate'), value('annotation_errors', 'rate')),
    thresholds: Object.fromEntries(
      Object.entries(metrics).flatMap(([name, metric]) =>
        Object.entries(metric?.thresholds ?? {}).map(([expression, { ok }]) => [`${name}: ${expression}`, ok]),
      ),
    ),
  }
}

function timesOf(values: Record<string, number> | undefined): Times | null {
  if (!values || !(values.count! > 0)) return null
  const of = (name: string): number => values[name] ?? 0
  return { count: of('count'), p50: of('med'), p90: of('p(90)'), p95: of('p(95)'), p99: of('p(99)'), max: of('max') }
}
