import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { verifyPyramid } from '@coverslip/wsi/convert/index.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from './program.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-cli-'))
  await writeSyntheticSlide(join(folder, 'slide.svs'), { width: 700, height: 500, workers: 1 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Ran {
  code: number
  out: string
  err: string
}

async function run(line: string, environment: Record<string, string> = {}): Promise<Ran> {
  const ran: Ran = { code: 0, out: '', err: '' }
  const keep = (name: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        ran[name] += chunk
        done()
      },
    })
  const args = line
    .split(' ')
    .filter(Boolean)
    .map(word => word.replace('~', folder))
  ran.code = await runCommand(args, {
    environment: { COVERSLIP_DATA: join(folder, 'none'), COVERSLIP_URL: 'http://127.0.0.1:9', ...environment },
    out: keep('out'),
    screen: keep('err'),
    signal: new AbortController().signal,
  })
  return ran
}

test.each([
  ['', 'Usage:'],
  ['fly', 'unknown command'],
  ['slides --wings', 'unknown option'],
  ['show', 'missing required argument'],
  ['ingest', 'missing required argument'],
  ['ingest a.svs --settle soon', 'expected seconds'],
  ['convert ~/slide.svs ~/out.tiff --quality 0', 'whole number from 1 to 100'],
  ['invite somebody@example.org --role king', 'Allowed choices'],
  ['stage --project course', 'needs a name'],
  ['stage --pin spring', 'either slides or'],
  ['annotations export 5c1d1f0e-93a7-4a55-b0de-6f6f0b6f9c21 --format svg', 'imagescope, asap or geojson'],
])('wrong usage ends with 2 and says what is right: coverslip %s', async (line, says) => {
  const { code, out, err } = await run(line, { COVERSLIP_TOKEN: 'x' })
  expect(err).toContain(says)
  expect({ code, out }).toEqual({ code: 2, out: '' })
})

test('help and version go to standard output and end with 0', async () => {
  expect(await run('--help')).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Exit codes') })
  expect(await run('--version')).toMatchObject({ code: 0, out: '0.1.0\n' })
})

test('an id that is none is wrong usage', async () => {
  expect(await run('show ../../etc', { COVERSLIP_TOKEN: 'x' })).toMatchObject({ code: 2 })
})

test('without a token, and without a server, the command ends with 3 and says what to do', async () => {
  expect(await run('slides')).toMatchObject({ code: 3, out: '', err: expect.stringContaining('COVERSLIP_TOKEN') })
  const nobody = await run('slides', { COVERSLIP_TOKEN: 'x' })
  expect(nobody).toMatchObject({ code: 3, out: '', err: expect.stringContaining('does not answer') })
  const json = await run('slides --json', { COVERSLIP_TOKEN: 'x' })
  expect(JSON.parse(json.out)).toMatchObject({ code: 'unreachable', error: expect.stringContaining('COVERSLIP_URL') })
  expect(await run('slides', { COVERSLIP_URL: 'localhost' })).toMatchObject({ code: 2 })
})

test('the owner token in the data folder is used when no token is set', async () => {
  const data = join(folder, 'with-token')
  await mkdir(data, { recursive: true })
  await writeFile(join(data, 'owner-token'), 'token\n')
  expect(await run('slides', { COVERSLIP_DATA: data })).toMatchObject({ err: expect.stringContaining('answer') })
})

test('a folder without slides is an error of its own line', async () => {
  await mkdir(join(folder, 'hollow'), { recursive: true })
  const { code, out } = await run('ingest ~/hollow ~/missing.svs --wait --json', { COVERSLIP_TOKEN: 'x' })
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(code).toBe(1)
  expect(lines.slice(0, 2)).toEqual([
    { id: null, state: 'failed', reason: 'there is no slide in this folder', file: join(folder, 'hollow') },
    { id: null, state: 'failed', reason: 'there is no such file or folder', file: join(folder, 'missing.svs') },
  ])
})

test('convert takes options before and after the file names and writes a pyramid', async () => {
  const { code, out } = await run('convert --workers 1 ~/slide.svs --json ~/a.tiff --quality 60')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    width: 700,
    height: 500,
    format: 'aperio',
    bytes: (await stat(join(folder, 'a.tiff'))).size,
  })
  expect(await verifyPyramid(join(folder, 'a.tiff'))).toMatchObject({ width: 700, height: 500 })
})

test('convert never replaces its input, nor another file unasked', async () => {
  const before = await readFile(join(folder, 'slide.svs'))
  await symlink(join(folder, 'slide.svs'), join(folder, 'link.svs'))
  expect(await run('convert ~/slide.svs ~/slide.svs --force')).toMatchObject({ code: 2 })
  expect(await run('convert ~/slide.svs ~/link.svs --force')).toMatchObject({ code: 2 })
  expect((await readFile(join(folder, 'slide.svs'))).equals(before)).toBe(true)
  await writeFile(join(folder, 'precious'), 'text')
  expect(await run('convert ~/slide.svs ~/precious')).toMatchObject({
    code: 1,
    err: expect.stringContaining('--force'),
  })
  expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('text')
})

test('convert says in plain words what is wrong with its input', async () => {
  await writeFile(join(folder, 'text.svs'), 'no slide')
  expect(await run('convert ~/text.svs ~/b.tiff')).toMatchObject({ code: 1, err: expect.stringMatching(/not a slide/) })
  expect(await run('convert ~/gone.svs ~/b.tiff')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no such file'),
  })
})
