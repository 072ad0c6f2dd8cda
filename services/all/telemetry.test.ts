/** One trace from upload to ready, a first tile that links to it, and nothing of the patient in any of it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ATTRIBUTES } from '@coverslip/platform/telemetry.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modules } from './modules.ts'

const exporter = new InMemorySpanExporter()
const metadata = (name: string) => `filename ${Buffer.from(name).toString('base64')}`
let system: TestSystem
let id: string

async function eventually<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (const deadline = Date.now() + 40_000; ; ) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error('waited in vain')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** Uploads a slide in one request, under a name that tells of the patient, and waits until its tiles are served. */
async function uploadSlide(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-trace-'))
  const path = join(folder, 'slide.svs')
  await writeSyntheticSlide(path, { width: 700, height: 500, seed: 9 })
  const bytes = await readFile(path)
  await rm(folder, { recursive: true })
  const tus = { 'tus-resumable': '1.0.0' }
  const headers = {
    ...tus,
    'upload-length': `${bytes.length}`,
    'upload-metadata': metadata(`${FAKE_PATIENT.fileName}.svs`),
  }
  const created = await system.fetch('/api/intake/uploads', { method: 'POST', headers })
  const { pathname } = new URL(created.headers.get('location')!, 'http://x')
  const patch = { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
  await system.fetch(pathname, { method: 'PATCH', headers: patch, body: new Uint8Array(bytes) })
  const slideId = created.headers.get('coverslip-slide-id')!
  await eventually(async () => ((await system.fetch(`/tiles/${slideId}_files/10/0_0.jpeg`)).ok ? true : undefined))
  await eventually(async () => {
    const slide = (await (await system.fetch(`/api/intake/slides/${slideId}`)).json()) as { state: string }
    return slide.state === 'ready' ? true : undefined
  })
  return slideId
}

beforeAll(async () => {
  system = await startSystem(modules, { spanExporter: exporter, environment: { LOG_LEVEL: 'trace' } })
  id = await uploadSlide()
})
afterAll(() => system?.stop())

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
  expect(places.metrics).toContain('coverslip_tiles_total')
  expect(places.logs.length).toBeGreaterThan(100)
  const short = (text: string) => text.length < 4
  for (const [place, text] of Object.entries(places)) {
    for (const planted of Object.values(FAKE_PATIENT).filter(value => !short(value))) {
      expect(text.toLowerCase().includes(planted.toLowerCase()), `"${planted}" in ${place}`).toBe(false)
    }
  }
})
