/** What a scrape in Prometheus' text format has: the metrics, their types and their labels. */

export interface Scraped {
  /** By the name of a family: `counter`, `gauge` or `histogram`. */
  types: ReadonlyMap<string, string>
  /** By the name of a sample (`_bucket` and so on included): the labels of each series. */
  series: ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>
}

const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g

export function readScrape(text: string): Scraped {
  const types = new Map<string, string>()
  const series = new Map<string, Record<string, string>[]>()
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)/.exec(line)
    if (type) types.set(type[1]!, type[2]!)
    const sample = SAMPLE.exec(line)
    if (!sample) continue
    const labels = Object.fromEntries([...(sample[2] ?? '').matchAll(LABEL)].map(([, name, value]) => [name, value]))
    series.set(sample[1]!, [...(series.get(sample[1]!) ?? []), labels])
  }
  return { types, series }
}

export const typeOf = ({ types }: Scraped, metric: string): string | undefined =>
  types.get(metric) ?? types.get(metric.replace(/_(bucket|count|sum)$/, ''))
