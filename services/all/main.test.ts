/** What a person sees who runs `npm start`, after its set-up. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@coverslip/platform/testing/ports.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'

let folder: string
let child: ChildProcess | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-start-'))
  await writeSyntheticSlide(join(folder, 'mine.svs'), { width: 600, height: 400, workers: 1 })
})
afterAll(async () => {
  child?.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** Starts Coverslip in a folder of its own; what it writes is gathered in `seen`. */
async function startMain(args: string[], settings: Record<string, string>): Promise<{ seen(): string }> {
  let text = ''
  const port = await freePort()
  const env = {
    PATH: process.env.PATH,
    PORT: `${port}`,
    METRICS_PORT: '0',
    RPC_PORT: '0',
    REVIEW_GATE: 'off',
    ...settings,
  }
  child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { cwd: folder, env })
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (text += chunk))
  return { seen: () => text }
}

async function stopMain(): Promise<number | null> {
  const ended = new Promise<number | null>(resolve => child?.once('exit', resolve))
  child?.kill('SIGINT')
  return ended
}

test('it says where it is and how to sign in, takes the slides it is given, and stops on Ctrl-C', async () => {
  const { seen } = await startMain(['mine.svs', 'missing.svs'], {})
  await expect.poll(seen, { timeout: 50_000 }).toMatch(/See it at/)
  expect(seen()).toMatch(/Coverslip is at http:\/\/localhost:\d+\nSign in, once, by http:\/\/localhost:\d+\/sign-in#/)
  expect(seen()).toMatch(/missing\.svs: failed: there is no such file/)
  expect(seen()).toMatch(/mine\.svs: uploading\n(.*\n)*.*mine\.svs: ready\n/)
  const link = /See it at (http:\S+)\/slides\/(\S+)\n/.exec(seen())
  const token = (await readFile(join(folder, 'data/owner-token'), 'utf8')).trim()
  const headers = { authorization: `Bearer ${token}` }
  const slide = await fetch(`${link?.[1]}/api/slides/${link?.[2]}`, { headers })
  expect(await slide.json()).toMatchObject({ state: 'ready', width: 600, height: 400 })
  expect((await stat(join(folder, 'data/owner-token'))).mode & 0o777).toBe(0o600)
  expect(await readFile(join(folder, 'data/log/coverslip.jsonl'), 'utf8')).toContain('"msg":"ready"')
  expect(await stopMain()).toBe(0)
})

test('a second start has everything still there and makes no demonstration slide', async () => {
  const { seen } = await startMain([], { LOG_FILE: '' })
  await expect.poll(seen, { timeout: 50_000 }).toMatch(/Ctrl-C stops it/)
  const token = (await readFile(join(folder, 'data/owner-token'), 'utf8')).trim()
  const url = /Coverslip is at (\S+)/.exec(seen())?.[1]
  const list = await fetch(`${url}/api/slides`, { headers: { authorization: `Bearer ${token}` } })
  expect(await list.json()).toMatchObject({ slides: [{ width: 600, state: 'ready' }] })
  expect(await stopMain()).toBe(0)
  expect(seen()).not.toContain('Demonstration')
  // An empty LOG_FILE: the log is on standard output, as containers want it.
  expect(seen()).toContain('"msg":"ready"')
})
