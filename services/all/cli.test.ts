/** The `coverslip` command against a running Coverslip. */
import { createHash } from 'node:crypto'
import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { runCommand } from '@coverslip/cli/program.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modules } from './modules.ts'
import { startCuttingProxy } from './testing/cutting-proxy.ts'

let folder: string
let system: TestSystem
let slideId: string
const slide = (): string => join(folder, 'slide.svs')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-command-'))
  system = await startSystem(modules, {
    data: join(folder, 'data'),
    environment: { REVIEW_GATE: 'off', INGEST_DUPLICATES: 'keep' },
  })
  await writeSyntheticSlide(slide(), { width: 1500, height: 1100, workers: 1 })
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Ran {
  code: number
  out: string
  err: string
  // biome-ignore lint/suspicious/noExplicitAny: each command has its own JSON
  json: any[]
}

async function coverslip(args: string[], environment: Record<string, string> = {}, signal?: AbortSignal): Promise<Ran> {
  let [out, err] = ['', '']
  const collect = (keep: (text: string) => void): Writable =>
    new Writable({ write: (chunk, _encoding, done) => done(keep(String(chunk)) as undefined) })
  const code = await runCommand(args, {
    environment: {
      COVERSLIP_URL: system.url,
      COVERSLIP_DATA: system.data,
      XDG_STATE_HOME: join(folder, 'state'),
      ...environment,
    },
    out: collect(text => {
      out += text
    }),
    screen: collect(text => {
      err += text
    }),
    signal: signal ?? new AbortController().signal,
  })
  const json = args.includes('--json') ? out.split('\n').filter(Boolean) : []
  return { code, out, err, json: json.map(line => JSON.parse(line)) }
}

const sha256 = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

test('ingest --wait tells of each slide, fails for what is none, and goes on with the others', async () => {
  await writeFile(join(folder, 'text.svs'), 'no slide at all')
  const { code, json } = await coverslip(['ingest', join(folder, 'text.svs'), slide(), '--wait', '--json'])
  expect(code).toBe(1)
  expect(json).toHaveLength(2)
  const byFile = new Map(json.map(line => [line.file, line]))
  expect(byFile.get(join(folder, 'text.svs'))).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/slide/),
  })
  expect(byFile.get(slide())).toEqual({ id: expect.any(String), state: 'ready', file: slide() })
  slideId = byFile.get(slide()).id
})

test('ingest of good slides alone ends with 0; without --json the id is the output', async () => {
  const { code, out, err } = await coverslip(['ingest', slide(), '--wait'])
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^[0-9a-f-]{36}\n$/) })
  expect(err).toContain(`${slide()}: uploading\n`)
  expect(err).toContain(`${slide()}: ready\n`)
})

test('a broken connection is taken up again where it broke, in upload and download', async () => {
  const up = await startCuttingProxy(system.url, 'up', [40_000, 60_000, 90_000])
  const sent = await coverslip(['ingest', slide(), '--wait', '--json'], { COVERSLIP_INTAKE_URL: up.url })
  await up.stop()
  expect(up.cuts()).toBeGreaterThanOrEqual(2)
  expect(sent).toMatchObject({ code: 0, json: [{ state: 'ready' }] })

  const down = await startCuttingProxy(system.url, 'down', [30_000, 50_000])
  const path = join(folder, 'through.svs')
  const args = ['download', sent.json[0].id, '-o', path, '--json']
  const broken = await coverslip(args, { COVERSLIP_URL: down.url })
  await down.stop()
  expect(down.cuts()).toBe(2)
  expect(broken).toMatchObject({ code: 0, json: [{ file: path }] })
  await coverslip(['download', sent.json[0].id, '-o', join(folder, 'straight.svs')])
  expect(await sha256(path)).toBe(await sha256(join(folder, 'straight.svs')))
  expect((await readdir(folder)).filter(name => name.includes('.part'))).toEqual([])
})

test('what a run that was ended had sent is not sent again by the next one', async () => {
  const uploads = join(folder, 'state/coverslip/uploads')
  const pair = join(folder, 'pair.svs')
  await copyFile(slide(), pair)
  await writeFile(join(folder, 'pair.xml'), '<Annotations/>')
  const line = await startCuttingProxy(system.url, 'up', [150_000])
  const throughLine = { COVERSLIP_INTAKE_URL: line.url }
  const ended = new AbortController()
  const first = coverslip(['ingest', pair, '--json'], throughLine, ended.signal)
  await expect.poll(() => line.cuts(), { timeout: 20_000, interval: 10 }).toBe(1)
  ended.abort()
  expect((await first).json).toEqual([])
  const [note] = await readdir(uploads)
  expect((await stat(join(uploads, note!))).mode & 0o777).toBe(0o600)
  const begun = JSON.parse(await readFile(join(uploads, note!), 'utf8'))
  expect(JSON.stringify(begun)).not.toContain('pair')
  expect(begun.locations).toEqual([expect.any(String), null])
  const head = await system.fetch(begun.locations[0], { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })
  expect(Number(head.headers.get('upload-offset'))).toBeGreaterThan(0)

  const second = await coverslip(['ingest', pair, '--wait', '--json'], throughLine)
  await line.stop()
  expect(second.json).toEqual([{ id: begun.slideId, state: 'ready', file: pair }])
  expect(await readdir(uploads)).toEqual([])
})

test('an upload that the server has lost begins anew', async () => {
  const uploads = join(folder, 'state/coverslip/uploads')
  const line = await startCuttingProxy(system.url, 'up', [150_000])
  const ended = new AbortController()
  const first = coverslip(['ingest', slide()], { COVERSLIP_INTAKE_URL: line.url }, ended.signal)
  await expect.poll(() => line.cuts(), { timeout: 20_000, interval: 10 }).toBe(1)
  ended.abort()
  await first
  const [note] = await readdir(uploads)
  const begun = JSON.parse(await readFile(join(uploads, note!), 'utf8'))
  const given = { method: 'DELETE', headers: { 'tus-resumable': '1.0.0' } }
  await expect.poll(async () => (await system.fetch(begun.locations[0], given)).status, { timeout: 20_000 }).toBe(204)
  const second = await coverslip(['ingest', slide(), '--wait', '--json'], { COVERSLIP_INTAKE_URL: line.url })
  await line.stop()
  expect(second.json).toMatchObject([{ state: 'ready' }])
  expect(second.json[0].id).not.toBe(begun.slideId)
  expect(await readdir(uploads)).toEqual([])
})

test('slides and show', async () => {
  const list = await coverslip(['slides', '--json'])
  expect(list.code).toBe(0)
  expect(list.json.map(({ id }) => id)).toContain(slideId)
  const failed = list.json.filter(({ state }) => state === 'failed')
  expect(failed).toEqual([expect.objectContaining({ sourceName: 'text.svs', reason: expect.any(String) })])
  expect(new Set(list.json.map(({ id }) => id)).size).toBe(list.json.length)
  expect((await coverslip(['slides'])).out).toMatch(/\n\nOn their way in:\nID .*REASON\n[0-9a-f-]{36} .* failed /)
  const some = await coverslip(['slides', '--q', 'TEXT', '--json'])
  expect(some.json.map(({ id }) => id)).toEqual([failed[0].id])
  expect((await coverslip(['slides'])).out).toMatch(/^ID .*STATE.*\n[0-9a-f-]{36} .*ready/)
  expect((await coverslip(['slides', '--q', 'nothing has this name'])).err).toContain('No slides have this')
  expect((await coverslip(['show', slideId, '--json'])).json[0]).toMatchObject({
    id: slideId,
    width: 1500,
    height: 1100,
  })
  expect((await coverslip(['show', slideId])).out).toContain('1500 x 1100')
  const unknown = await coverslip(['show', '00000000-0000-4000-8000-000000000000', '--json'])
  expect(unknown).toMatchObject({ code: 1, json: [{ code: 'not-found' }] })
})

test('a token that is none ends with 3', async () => {
  expect(await coverslip(['slides'], { COVERSLIP_TOKEN: 'nonsense' })).toMatchObject({ code: 3, out: '' })
})

test('download never replaces a file unasked', async () => {
  const path = join(folder, 'mine.tiff')
  await writeFile(path, 'precious')
  const args = ['download', slideId, '--rendition', 'pyramid', '-o', path]
  expect(await coverslip(args)).toMatchObject({ code: 1, err: expect.stringContaining('--force') })
  expect(await readFile(path, 'utf8')).toBe('precious')
  expect(await coverslip([...args, '--force'])).toMatchObject({ code: 0, out: `${path}\n` })
  expect((await stat(path)).size).toBeGreaterThan(10_000)
})

test('annotations go in as ImageScope XML, whatever the file is called, and come out in both formats', async () => {
  const xml = `<Annotations MicronsPerPixel="0.499"><Annotation Id="1" Name="Tumour" LineColor="65280"><Regions>
    <Region Id="1" Type="0"><Vertices><Vertex X="100" Y="100"/><Vertex X="400" Y="120"/><Vertex X="300" Y="420"/></Vertices>
    </Region></Regions></Annotation></Annotations>`
  const file = join(folder, 'drawn.txt')
  await writeFile(file, xml)
  expect(await coverslip(['annotations', 'import', slideId, file])).toMatchObject({ code: 0, out: '1 imported\n' })
  const geojson = await coverslip(['annotations', 'export', slideId])
  const { features } = JSON.parse(geojson.out)
  expect(features).toHaveLength(1)
  expect(features[0].geometry.coordinates[0]).toContainEqual([400, 120])
  const path = join(folder, 'out.xml')
  expect(await coverslip(['annotations', 'export', slideId, '-o', path])).toMatchObject({ code: 0 })
  expect(await readFile(path, 'utf8')).toMatch(/<Vertex[^>]*X="400/)
  await writeFile(file, 'neither')
  expect(await coverslip(['annotations', 'import', slideId, file])).toMatchObject({ code: 1 })
})

test("annotations go in as QuPath's array of features", async () => {
  const geometry = { type: 'Point', coordinates: [10, 20] }
  const file = join(folder, 'qupath.json')
  await writeFile(file, JSON.stringify([{ type: 'Feature', id: 'PathAnnotationObject', geometry, properties: {} }]))
  expect(await coverslip(['annotations', 'import', slideId, file])).toMatchObject({ code: 0, out: '1 imported\n' })
})

test('invite and token', async () => {
  const invited = await coverslip(['invite', 'reader@example.org', '--role', 'viewer', '--json'])
  expect(invited).toMatchObject({ code: 0, json: [{ link: expect.stringContaining('/sign-in#'), mailed: false }] })
  const { out } = await coverslip(['token', 'script', '--days', '1'])
  expect(await coverslip(['slides'], { COVERSLIP_TOKEN: out.trim() })).toMatchObject({ code: 0 })
})

test('--watch takes a slide once it has stopped growing, and never twice', async () => {
  const watched = join(folder, 'watched')
  await mkdir(watched)
  const growing = join(watched, 'growing.svs')
  const bytes = await readFile(slide())
  await writeFile(growing, bytes.subarray(0, 5000))
  const stop = new AbortController()
  const watching = coverslip(['ingest', watched, '--watch', '--settle', '0.6', '--json'], {}, stop.signal)
  for (let at = 5000; at < bytes.length; at += Math.ceil(bytes.length / 4)) {
    await new Promise(resolve => setTimeout(resolve, 300))
    await appendFile(growing, bytes.subarray(at, at + Math.ceil(bytes.length / 4)))
  }
  await new Promise(resolve => setTimeout(resolve, 2500))
  stop.abort()
  const { json } = await watching
  expect(json).toEqual([{ id: expect.any(String), state: 'received', file: growing }])

  const again = new AbortController()
  setTimeout(() => again.abort(), 1800)
  const second = await coverslip(['ingest', watched, '--watch', '--settle', '0.3', '--json'], {}, again.signal)
  expect(second.json).toEqual([])
})

test('backup is refused while Coverslip runs; restored, nothing is missing', async () => {
  const tar = join(folder, 'all.tar')
  expect(await coverslip(['backup', tar])).toMatchObject({ code: 1, err: expect.stringContaining('stop it first') })
  await system.stop()
  expect(await coverslip(['backup', tar])).toMatchObject({ code: 0 })
  await rm(system.data, { recursive: true })
  expect(await coverslip(['restore', tar])).toMatchObject({ code: 0 })
  system = await startSystem(modules, {
    data: join(folder, 'data'),
    environment: { REVIEW_GATE: 'off', INGEST_DUPLICATES: 'keep' },
  })
  expect((await coverslip(['show', slideId, '--json'])).json[0]).toMatchObject({ state: 'ready' })
  expect(JSON.parse((await coverslip(['annotations', 'export', slideId])).out).features).toHaveLength(2)
  const thumbnail = await system.fetch(`/tiles/${slideId}/thumbnail.jpeg?max=100`)
  expect(thumbnail.status).toBe(200)
})
