/** The shapes of query that the dashboards are made of. `$job` and `$__rate_interval` are Grafana's to fill in. */
import type { Query } from '../grafana.ts'

const JOB = 'job=~"$job"'
export const where = (matchers?: string): string => `{${[JOB, matchers].filter(Boolean).join(',')}}`
export const rate = (metric: string, matchers?: string): string => `rate(${metric}${where(matchers)}[$__rate_interval])`
export const perHour = (metric: string, matchers?: string): string => `increase(${metric}${where(matchers)}[1h])`

/** Two quantiles of a histogram, by a label. */
export const quantiles = (metric: string, by: string, matchers?: string): Query[] =>
  [0.5, 0.95].map(q => ({
    expr: `histogram_quantile(${q}, sum by (le, ${by}) (${rate(`${metric}_bucket`, matchers)}))`,
    legend: `${q === 0.5 ? 'half' : '95 of 100'} {{${by}}}`,
  }))

export const consumer = '{{coverslip_service}} {{messaging_destination_name}}'
export const BY_CONSUMER = 'coverslip_service, messaging_destination_name'
