/** The metrics of a process, read by a scrape in Prometheus' text format. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Attributes,
  type Counter as MeterCounter,
  type Histogram as MeterHistogram,
  metrics as metricsApi,
} from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import type { Resource } from '@opentelemetry/resources'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { checked, type SafeAttributes } from './attributes.ts'
import { createPlainHistogram, type PlainHistogram, type PlainRecorder, plainProducer } from './plain-metrics.ts'
import { observeProcess } from './process-metrics.ts'

export interface Counter {
  add(value: number, attributes?: SafeAttributes): void
}
export interface Histogram {
  record(value: number, attributes?: SafeAttributes): void
}
/** What a scrape finds. An error, or nothing within two seconds, shows as NaN: OpenTelemetry would repeat the last value. */
export type Reading = () => number | Promise<number>

/**
 * Names say their unit and begin with `coverslip_`; a counter's ends with `_total`. A counter or histogram that is asked for
 * again is the same one.
 */
export interface Metrics {
  /**
   * @param from series that stand at 0 from the start: of one that appears with its first event, Prometheus would see no
   * increase
   */
  counter(name: string, help: string, from?: readonly SafeAttributes[]): Counter
  /** @param buckets upper bounds, rising */
  histogram(name: string, help: string, unit: string, buckets: number[]): Histogram
  /** As a histogram, for what happens too often for one: its series are bound once, a recording is an addition. */
  plainHistogram(
    name: string,
    help: string,
    unit: string,
    buckets: number[],
  ): { bind(attributes: SafeAttributes): PlainRecorder }
  /** A value read at each scrape; each call for a name is one more series. */
  gauge(name: string, help: string, read: Reading, attributes?: SafeAttributes): void
  /** Answers a scrape in Prometheus' text format. */
  scrape(req: IncomingMessage, res: ServerResponse): void
  close(): Promise<void>
}

export function createMetrics(resource: Resource): Metrics {
  const plain: PlainHistogram[] = []
  // The exporter brings a copy of the SDK's types of its own.
  const metricProducers = [plainProducer(plain, resource)] as never
  const prometheus = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true, metricProducers })
  const provider = new MeterProvider({ resource, readers: [prometheus] })
  const meter = provider.getMeter('coverslip')
  const counters = new Map<string, MeterCounter>()
  const histograms = new Map<string, MeterHistogram>()
  const gauges = new Map<string, { read: Reading; attributes: Attributes }[]>()
  observeProcess(meter)
  return {
    counter(name, description, from = []) {
      const counter = counters.get(name) ?? meter.createCounter(name, { description })
      counters.set(name, counter)
      for (const attributes of from) counter.add(0, checked(attributes))
      return { add: (value, attributes = {}) => counter.add(value, checked(attributes)) }
    },
    histogram(name, description, unit, explicitBucketBoundaries) {
      const advice = { explicitBucketBoundaries }
      const histogram = histograms.get(name) ?? meter.createHistogram(name, { description, unit, advice })
      histograms.set(name, histogram)
      return { record: (value, attributes = {}) => histogram.record(value, checked(attributes)) }
    },
    plainHistogram(name, description, unit, buckets) {
      const histogram = createPlainHistogram({ name, description, unit }, buckets)
      plain.push(histogram)
      return { bind: attributes => histogram.bind(checked(attributes)) }
    },
    gauge(name, description, read, attributes = {}) {
      const known = gauges.get(name)
      const series = known ?? []
      series.push({ read, attributes: checked(attributes) })
      if (known) return
      gauges.set(name, series)
      meter.createObservableGauge(name, { description }).addCallback(async result => {
        const values = await Promise.all(series.map(one => settled(one.read)))
        for (const [i, value] of values.entries()) result.observe(value, series[i]!.attributes)
      })
    },
    scrape: (req, res) => prometheus.getMetricsRequestHandler(req, res),
    async close() {
      await provider.shutdown()
      metricsApi.disable()
    },
  }
}

const READING_MS = 2000

/** One server that hangs must not keep the other values from being read. */
async function settled(read: Reading): Promise<number> {
  const late = Promise.withResolvers<number>()
  const timer = setTimeout(late.resolve, READING_MS, Number.NaN)
  try {
    return await Promise.race([read(), late.promise])
  } catch {
    return Number.NaN
  } finally {
    clearTimeout(timer)
  }
}
