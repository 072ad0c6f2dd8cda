/**
 * Traces and metrics of a process. Spans and metrics carry only attributes of one allow-list, so that no patient data and
 * no free text can get out by accident; the propagation over gRPC, HTTP and the bus is W3C traceparent.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Attributes,
  context,
  defaultTextMapSetter,
  type Link,
  metrics as metricsApi,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, SimpleSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { toServiceError } from './errors.ts'
import { createPlainHistogram, type PlainHistogram, type PlainRecorder, plainProducer } from './plain-metrics.ts'

/** Everything that a span or a metric may say. Ids are random; routes and subjects are templates, never paths. */
export const ATTRIBUTES = [
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'rpc.service',
  'rpc.method',
  'rpc.grpc.status_code',
  'messaging.system',
  'messaging.operation.name',
  'messaging.destination.name',
  'messaging.message.id',
  'messaging.delivery_count',
  'error.type',
  'coverslip.service',
  'coverslip.slide.id',
  'coverslip.slide.revision',
  'coverslip.slide.format',
  'coverslip.stage',
  'coverslip.step',
  'coverslip.bytes',
  'coverslip.tile.level',
  'coverslip.cache',
] as const
export type AttributeName = (typeof ATTRIBUTES)[number]
export type SafeAttributes = Partial<Record<AttributeName, string | number | boolean>>

const ALLOWED: ReadonlySet<string> = new Set(ATTRIBUTES)

/** @throws Error for an attribute outside the list: a mistake of the programmer, found by any test that passes there. */
function checked(attributes: SafeAttributes): Attributes {
  for (const name of Object.keys(attributes)) {
    if (!ALLOWED.has(name)) throw new Error(`attribute "${name}" is not on the allow-list of telemetry.ts`)
  }
  return attributes
}

export interface SpanOptions {
  kind?: 'server' | 'client' | 'producer' | 'consumer' | 'internal'
  attributes?: SafeAttributes
  /** The traceparent of the caller; without it the active span is the parent. `null` begins a new trace. */
  parent?: string | null | undefined
  /** Traceparents of spans that this one follows from without being part of their trace. */
  links?: (string | undefined)[]
}

export interface Counter {
  add(value: number, attributes?: SafeAttributes): void
}
export interface Histogram {
  record(value: number, attributes?: SafeAttributes): void
}

export interface Telemetry {
  /** Runs `work` in a span; an error that escapes marks it by its code, not by its message. */
  span<Result>(name: string, options: SpanOptions, work: (span: ActiveSpan) => Promise<Result>): Promise<Result>
  /** The traceparent of the active span, to be kept beside an event or a row. */
  traceparent(): string | undefined
  counter(name: string, help: string): Counter
  histogram(name: string, help: string, unit: string, buckets: number[]): Histogram
  /** As a histogram, for what happens too often for one: its series are bound once, a recording is an addition. */
  plainHistogram(
    name: string,
    help: string,
    unit: string,
    buckets: number[],
  ): { bind(attributes: SafeAttributes): PlainRecorder }
  /** A value read at each scrape. */
  gauge(name: string, help: string, read: () => number): void
  /** Answers a scrape in Prometheus' text format. */
  scrape(req: IncomingMessage, res: ServerResponse): void
  close(): Promise<void>
}
export interface ActiveSpan {
  set(attributes: SafeAttributes): void
  event(name: string, attributes?: SafeAttributes): void
  link(traceparent: string): void
}

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
}
const propagator = new W3CTraceContextPropagator()

function contextOf(traceparent: string): ReturnType<typeof context.active> {
  return propagator.extract(
    ROOT_CONTEXT,
    { traceparent },
    { get: (c, key) => (c as Record<string, string>)[key], keys: Object.keys },
  )
}

function linkTo(traceparent: string): Link | undefined {
  const spanContext = trace.getSpanContext(contextOf(traceparent))
  return spanContext && { context: spanContext }
}

/**
 * Starts telemetry for this process.
 * @param options.otlpUrl where spans go; empty: nowhere (metrics can still be scraped)
 * @param options.exporter takes the spans instead (tests)
 */
export async function startTelemetry(options: {
  service: string
  otlpUrl: string
  exporter?: SpanExporter
}): Promise<Telemetry> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(propagator)
  const resource = resourceFromAttributes({ 'service.name': `coverslip-${options.service}` })
  const provider = new TracerProvider({ resource, spanProcessors: await processors(options) })
  const plain: PlainHistogram[] = []
  // The exporter brings a copy of the SDK's types of its own.
  const metricProducers = [plainProducer(plain, resource)] as never
  const prometheus = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true, metricProducers })
  const meters = new MeterProvider({ resource, readers: [prometheus] })
  const tracer = provider.getTracer('coverslip')
  const meter = meters.getMeter('coverslip')
  return {
    span: (name, spanOptions, work) => runSpan(tracer, name, spanOptions, work),
    traceparent: currentTraceparent,
    counter: (name, help) => {
      const counter = meter.createCounter(name, { description: help })
      return { add: (value, attributes = {}) => counter.add(value, checked(attributes)) }
    },
    histogram: (name, help, unit, buckets) => {
      const histogram = meter.createHistogram(name, {
        description: help,
        unit,
        advice: { explicitBucketBoundaries: buckets },
      })
      return { record: (value, attributes = {}) => histogram.record(value, checked(attributes)) }
    },
    plainHistogram: (name, description, unit, buckets) => {
      const histogram = createPlainHistogram({ name, description, unit }, buckets)
      plain.push(histogram)
      return { bind: attributes => histogram.bind(checked(attributes)) }
    },
    gauge: (name, help, read) =>
      meter.createObservableGauge(name, { description: help }).addCallback(result => result.observe(read())),
    scrape: (req, res) => prometheus.getMetricsRequestHandler(req, res),
    close: async () => {
      await Promise.allSettled([provider.shutdown(), meters.shutdown()])
      metricsApi.disable()
    },
  }
}

async function processors(options: { otlpUrl: string; exporter?: SpanExporter }) {
  if (options.exporter) return [new SimpleSpanProcessor({ exporter: options.exporter })]
  if (options.otlpUrl === '') return []
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  return [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${options.otlpUrl}/v1/traces` }) })]
}

async function runSpan<Result>(
  tracer: ReturnType<TracerProvider['getTracer']>,
  name: string,
  { kind = 'internal', attributes = {}, parent, links = [] }: SpanOptions,
  work: (span: ActiveSpan) => Promise<Result>,
): Promise<Result> {
  const parentContext = parent === undefined ? context.active() : parent === null ? ROOT_CONTEXT : contextOf(parent)
  const linked = links.flatMap(link => (link ? (linkTo(link) ?? []) : []))
  const options = { kind: KINDS[kind], attributes: checked(attributes), links: linked }
  const span = tracer.startSpan(name, options, parentContext)
  try {
    return await context.with(trace.setSpan(parentContext, span), () => work(activeSpan(span)))
  } catch (error) {
    span.setAttribute('error.type', toServiceError(error).code)
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}

function activeSpan(span: Span): ActiveSpan {
  return {
    set: attributes => void span.setAttributes(checked(attributes)),
    event: (name, attributes = {}) => void span.addEvent(name, checked(attributes)),
    link: traceparent => {
      const link = linkTo(traceparent)
      if (link) span.addLink(link)
    },
  }
}

function currentTraceparent(): string | undefined {
  const carrier: Record<string, string> = {}
  propagator.inject(context.active(), carrier, defaultTextMapSetter)
  return carrier.traceparent
}

/** For log lines. */
export function activeTrace(): { trace_id: string; span_id: string } | undefined {
  const spanContext = trace.getSpanContext(context.active())
  return spanContext && { trace_id: spanContext.traceId, span_id: spanContext.spanId }
}
