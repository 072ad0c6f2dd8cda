/** What the scenarios share: their two sizes, their thresholds, the file of results. */
import type { Options, Scenario } from 'k6/options'

/** `small` fits a laptop and a minute, `full` is what its name says. */
const size = __ENV.COVERSLIP_SIZE === 'full' ? 'full' : 'small'

export const sized = <Value>(small: Value, full: Value): Value => (size === 'full' ? full : small)

/** Readers hold a slide for about so many views. */
export const VIEWS_PER_SLIDE = 20

/**
 * k6's options of one scenario. The thresholds are those of the product: a slide is there within a second, a screen after
 * a pan within 150 ms, and nothing fails.
 */
export function optionsOf(scenario: Scenario, thresholds: Options['thresholds'] = {}): Options {
  return {
    scenarios: { readers: scenario },
    thresholds: {
      first_full_view: ['p(95)<1000'],
      viewport_complete: ['p(95)<150'],
      tile_errors: ['rate==0'],
      ...thresholds,
    },
    summaryTrendStats: ['min', 'med', 'avg', 'p(90)', 'p(95)', 'p(99)', 'max', 'count'],
    // A browser keeps its connections over a session.
    noConnectionReuse: false,
    noVUConnectionReuse: false,
  }
}

/** A summary as JSON for the report, and one line for the terminal. */
export function summarise(data: { metrics: Record<string, unknown> }): Record<string, string> {
  const file = __ENV.COVERSLIP_SUMMARY ?? 'summary.json'
  return { [file]: JSON.stringify(data), stdout: `written: ${file}\n` }
}
