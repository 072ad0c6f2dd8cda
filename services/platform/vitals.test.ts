import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Backlog, Bus } from './bus/port.ts'
import { openLog } from './log.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'
import { scrapeText } from './testing/scrape.ts'
import { observeConsumer, observeOutbox, observeServers } from './vitals.ts'

let telemetry: Telemetry
beforeEach(async () => {
  telemetry = await startTelemetry({ service: 'test', otlpUrl: '' })
})
afterEach(() => telemetry.close())

const scrape = async (): Promise<string[]> => (await scrapeText(telemetry)).split('\n')
const found = (lines: string[], name: string): string[] => lines.filter(line => line.startsWith(`${name}{`))

const consumer = {
  ...{ stream: 'S', name: 'tiles-slides-tiled', subject: 's.*.tiled' },
  ...{ ackWaitMs: 1, maxDeliver: 1, backoffMs: [], concurrency: 1 },
}
const busWith = (backlog: () => Promise<Backlog>) => ({ backlog }) as Partial<Bus> as Bus

test('a server that answers is up; one that is away or hangs is not, and keeps nobody waiting', async () => {
  observeServers(
    telemetry,
    new Map([
      ['bus', { ready: async () => {} }],
      ['cache', { ready: () => Promise.reject(new Error('away')) }],
      ['stage', { ready: () => new Promise<void>(() => {}) }],
    ]),
  )
  const begun = performance.now()
  expect(found(await scrape(), 'coverslip_server_up')).toEqual([
    'coverslip_server_up{coverslip_server="bus"} 1',
    'coverslip_server_up{coverslip_server="cache"} 0',
    'coverslip_server_up{coverslip_server="stage"} 0',
  ])
  expect(performance.now() - begun).toBeLessThan(5000)
})

test('what waits in each outbox is told by its service', async () => {
  observeOutbox(telemetry, 'ingest', { backlog: async () => ({ events: 3, oldestSeconds: 12.5 }) })
  observeOutbox(telemetry, 'catalog', { backlog: async () => ({ events: 0, oldestSeconds: 0 }) })
  const lines = await scrape()
  expect(found(lines, 'coverslip_outbox_events')).toEqual([
    'coverslip_outbox_events{coverslip_service="ingest"} 3',
    'coverslip_outbox_events{coverslip_service="catalog"} 0',
  ])
  expect(found(lines, 'coverslip_outbox_oldest_seconds')[0]).toMatch(/ 12\.5$/)
})

test('a consumer is looked at once a scrape, and nothing is claimed while the bus is away', async () => {
  let looks = 0
  let away = false
  const backlog = async (): Promise<Backlog> => {
    looks += 1
    if (away) throw new Error('away')
    return { messages: 4, oldestMs: 90_000 }
  }
  observeConsumer(telemetry, busWith(backlog), 'tiles', 'slides.tiled', consumer)
  const labels = '{coverslip_service="tiles",messaging_destination_name="slides.tiled"}'
  const lines = await scrape()
  expect(lines).toContain(`coverslip_events_waiting${labels} 4`)
  expect(lines).toContain(`coverslip_events_oldest_seconds${labels} 90`)
  expect(looks).toBe(1)
  away = true
  await new Promise(resolve => setTimeout(resolve, 600))
  expect(found(await scrape(), 'coverslip_events_waiting')).toEqual([`coverslip_events_waiting${labels} NaN`])
})

test('how events end is counted, and faults that never happened stand at 0', async () => {
  const meter = observeConsumer(
    telemetry,
    busWith(async () => ({ messages: 0, oldestMs: 0 })),
    'tiles',
    'slides.tiled',
    consumer,
  )
  meter.handled('done', 0.03)
  meter.died('internal')
  const text = (await scrape()).join('\n')
  expect(text).toMatch(/coverslip_event_seconds_count\{[^}]*coverslip_outcome="done"\} 1/)
  expect(text).toMatch(/coverslip_events_dead_total\{[^}]*error_type="internal"\} 1/)
  expect(text).toMatch(/coverslip_events_dead_total\{[^}]*error_type="unavailable"\} 0/)
})

test('a process tells what it takes of its machine', async () => {
  const text = (await scrape()).join('\n')
  expect(Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1])).toBeGreaterThan(0.01)
  expect(Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1])).toBeGreaterThan(1e7)
  expect(Number(/^nodejs_eventloop_utilization_ratio (\S+)/m.exec(text)?.[1])).toBeLessThanOrEqual(1)
  expect(Math.abs(Number(/^process_start_time_seconds (\S+)/m.exec(text)?.[1]) - Date.now() / 1000)).toBeLessThan(3600)
})

test('a log line has the ids of the trace that it belongs to, and only inside of one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-log-'))
  const path = join(folder, 'log.jsonl')
  const log = openLog({ service: 'test', level: 'info', destination: path })
  const traceparent = await telemetry.span('work', {}, async () => {
    log.info('inside')
    return telemetry.traceparent()
  })
  log.info('outside')
  const [inside, outside] = (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, string>)
  const [, traceId, spanId] = traceparent!.split('-')
  expect(inside).toMatchObject({ msg: 'inside', trace_id: traceId, span_id: spanId })
  expect(outside).not.toHaveProperty('trace_id')
  await rm(folder, { recursive: true })
})
