/**
 * Traces of a process, and its metrics. Both carry only what attributes.ts lists; the propagation over gRPC, HTTP and the
 * bus is W3C traceparent.
 */
import {
  context,
  defaultTextMapSetter,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, SimpleSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { checked, type SafeAttributes } from './attributes.ts'
import { toServiceError } from './errors.ts'
import { createMetrics, type Metrics } from './metrics.ts'

export type { Counter, Histogram } from './metrics.ts'

export interface SpanOptions {
  kind?: 'server' | 'client' | 'producer' | 'consumer' | 'internal'
  attributes?: SafeAttributes
  /** The traceparent of the caller; without it the active span is the parent. `null` begins a new trace. */
  parent?: string | null | undefined
  /** Traceparents of spans that this one follows from without being part of their trace. */
  links?: (string | undefined)[]
}

export interface Telemetry extends Omit<Metrics, 'close'> {
  /** Runs `work` in a span; an error that escapes marks it by its code, not by its message. */
  span<Result>(name: string, options: SpanOptions, work: (span: ActiveSpan) => Promise<Result>): Promise<Result>
  /** The traceparent of the active span, to be kept beside an event or a row. */
  traceparent(): string | undefined
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
  const tracer = provider.getTracer('coverslip')
  const { close, ...metrics } = createMetrics(resource)
  return {
    span: (name, spanOptions, work) => runSpan(tracer, name, spanOptions, work),
    traceparent: currentTraceparent,
    ...metrics,
    close: async () => {
      await Promise.allSettled([provider.shutdown(), close()])
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
