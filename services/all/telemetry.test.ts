/** One trace from upload to ready, a first tile that links to it, and nothing of the patient in any of it. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ATTRIBUTES } from '@coverslip/platform/attributes.ts'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { FAKE_PATIENT } from '@coverslip/wsi/synthetic/index.ts'
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modules } from './modules.ts'
import { uploadSlide } from './testing/upload.ts'

const exporter = new InMemorySpanExporter()
let data: string
let system: TestSystem
let id: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-telemetry-'))
  system = await startSystem(modules, {
    data,
    spanExporter: exporter,
    environment: { LOG_LEVEL: 'trace', REVIEW_GATE: 'off' },
  })
  id = await uploadSlide(system, { name: `${FAKE_PATIENT.fileName}.svs`, width: 700, height: 500 })
  await system.fetch(`/tiles/${id}/1_files/10/0_0.jpeg`)
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

/** Which planted strings occur in a text, any case; the shortest ones would be found by chance. */
function plantedIn(text: string): string[] {
  const lower = text.toLowerCase()
  return Object.values(FAKE_PATIENT).filter(planted => planted.length >= 4 && lower.includes(planted.toLowerCase()))
}

test('one trace leads from the upload to the slide that is ready', () => {
  const spans = exporter.getFinishedSpans()
  const received = spans.find(({ name }) => name === 'slides.received process')!
  const trace = spans.filter(span => span.spanContext().traceId === received.spanContext().traceId)
  const names = new Set(trace.map(({ name }) => name))
  for (const name of ['slides.deidentified process', 'slides.tiled process']) expect(names).toContain(name)
  const services = new Set(trace.map(({ attributes }) => attributes['coverslip.service']))
  for (const service of ['deidentify', 'pyramid', 'tiles', 'catalog', 'ingest']) expect(services).toContain(service)
  const root = trace.filter(({ parentSpanContext }) => !parentSpanContext)
  expect(root.map(({ name }) => name)).toEqual(['POST /api/intake/uploads'])
})

test("a viewer's first tile is a trace of its own that links to the slide's", () => {
  const spans = exporter.getFinishedSpans()
  const tile = spans.find(({ name, links }) => name === 'GET tile' && links.length > 0)!
  const received = spans.find(({ name }) => name === 'slides.received process')!
  expect(tile.spanContext().traceId).not.toBe(received.spanContext().traceId)
  expect(tile.links.map(link => link.context.traceId)).toEqual([received.spanContext().traceId])
})

test('spans carry allowed attributes only', () => {
  const allowed: ReadonlySet<string> = new Set(ATTRIBUTES)
  const seen = exporter
    .getFinishedSpans()
    .flatMap(({ attributes, events }) => [attributes, ...events.map(event => event.attributes ?? {})])
  expect(seen.length).toBeGreaterThan(10)
  for (const name of seen.flatMap(Object.keys)) expect(allowed).toContain(name)
})

test('no patient data in any log line, span, metric, event or public answer', async () => {
  const spans = exporter
    .getFinishedSpans()
    .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
  const places = {
    spans: JSON.stringify(spans),
    logs: await readFile(join(system.data, 'log.jsonl'), 'utf8'),
    metrics: await (await fetch(system.metricsUrl)).text(),
    slide: await (await system.fetch(`/api/slides/${id}`)).text(),
    list: await (await system.fetch('/api/slides')).text(),
    report: await (await system.fetch(`/api/slides/${id}/deidentification`)).text(),
  }
  expect(places.metrics).toContain('coverslip_tile_seconds_count')
  expect(places.logs.length).toBeGreaterThan(100)
  for (const [place, text] of Object.entries(places)) expect({ [place]: plantedIn(text) }).toEqual({ [place]: [] })
})

test('no patient data in any event that the bus keeps, nor in the name of any file', async () => {
  await system.stop()
  const database = await openDatabase(`pglite:${join(data, 'db')}`)
  const { query } = await database.open('bus', [])
  const { rows } = await sql<{ subject: string; headers: string; data: Uint8Array }>`
    select subject, headers, data from bus.messages`.execute(query)
  await database.close()
  expect(rows.map(({ subject }) => subject)).toContain('slides.onprem.received')
  const events = rows.map(row => `${row.subject} ${row.headers} ${Buffer.from(row.data).toString('latin1')}`).join('\n')
  expect(plantedIn(events)).toEqual([])
  expect(plantedIn((await readdir(data, { recursive: true })).join('\n'))).toEqual([])
})
