/** What is wrong with a query, for a system whose metrics are known. */
import { type Selector, selectorsOf } from './promql.ts'
import { type Scraped, typeOf } from './scraped.ts'

/** Prometheus adds these: by its own configuration, and by the chart's PodMonitor. */
const ADDED = new Set(['job', 'instance', 'namespace', 'pod', 'app_kubernetes_io_component'])
const OF_COUNTERS = new Set(['rate', 'increase', 'irate'])
/** Of Prometheus' own, and of kube-state-metrics (docs/metrics/workload/cronjob-metrics.md). */
const BUILT_IN = new Set(['up', 'kube_cronjob_status_last_schedule_time', 'kube_cronjob_status_last_successful_time'])

/** @returns sentences; none when the query finds what it asks for */
export function problemsOf(query: string, scraped: Scraped): string[] {
  try {
    return selectorsOf(query).flatMap(selector => problemsWith(selector, scraped))
  } catch (error) {
    return [(error as Error).message]
  }
}

function problemsWith({ metric, matchers, groupedBy, within }: Selector, scraped: Scraped): string[] {
  const series = scraped.series.get(metric)
  if (BUILT_IN.has(metric)) return []
  if (!series) return [`there is no metric ${metric}`]
  const labels = new Set(series.flatMap(Object.keys))
  const used = [...matchers.map(({ label }) => label), ...groupedBy]
  const unknown = used.filter(label => !labels.has(label) && !ADDED.has(label))
  const exact = matchers.filter(({ label, op }) => op === '=' && labels.has(label))
  const never = exact.filter(({ label, value }) => !series.some(one => one[label] === value))
  const counts = typeOf(scraped, metric) !== 'gauge'
  const asCounter = within.some(name => OF_COUNTERS.has(name))
  return [
    ...unknown.map(label => `${metric} has no label ${label}`),
    ...never.map(({ label, value }) => `${metric} never has ${label}="${value}"`),
    ...(counts === asCounter ? [] : [`${metric} is ${counts ? 'a counter: it wants' : 'a gauge: it has no'} rate`]),
  ]
}
