/**
 * Histograms whose recording is an addition in an array, for what happens a hundred thousand times a second: a recording
 * of OpenTelemetry's own costs as much as a fifth of answering a tile. They are handed to it when it is scraped.
 */
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import { AggregationTemporality, DataPointType, type HistogramMetricData } from '@opentelemetry/sdk-metrics'

export interface PlainRecorder {
  record(value: number): void
}

interface Series {
  attributes: Attributes
  counts: Float64Array
  sum: number
  count: number
}

/** One histogram; the recorders of all its series are made at start. */
export interface PlainHistogram {
  bind(attributes: Attributes): PlainRecorder
  collect(now: HrTime): HistogramMetricData
}

const hrTimeOf = (milliseconds: number): HrTime => [Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1e6]
const nowHr = (): HrTime => hrTimeOf(Date.now())

/** @param boundaries upper bounds of the buckets, rising; above the last there is one more */
export function createPlainHistogram(
  descriptor: { name: string; description: string; unit: string },
  boundaries: readonly number[],
): PlainHistogram {
  const started = nowHr()
  const series: Series[] = []
  return {
    bind(attributes) {
      const one: Series = { attributes, counts: new Float64Array(boundaries.length + 1), sum: 0, count: 0 }
      series.push(one)
      return {
        record(value) {
          let bucket = 0
          while (bucket < boundaries.length && value > boundaries[bucket]!) bucket += 1
          one.counts[bucket]! += 1
          one.sum += value
          one.count += 1
        },
      }
    },
    collect: now => ({
      descriptor: { ...descriptor, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: series
        .filter(({ count }) => count > 0)
        .map(({ attributes, counts, sum, count }) => ({
          startTime: started,
          endTime: now,
          attributes,
          value: { buckets: { boundaries: [...boundaries], counts: [...counts] }, sum, count },
        })),
    }),
  }
}

/** What a metric reader asks beside the SDK. */
export function plainProducer(histograms: readonly PlainHistogram[], resource: unknown) {
  return {
    async collect() {
      const now = nowHr()
      const metrics = histograms.map(histogram => histogram.collect(now)).filter(metric => metric.dataPoints.length > 0)
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'coverslip' }, metrics }] }, errors: [] }
    },
  }
}
