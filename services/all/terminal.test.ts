import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { terminalSettings, welcome } from './terminal.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-terminal-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What a start writes whose log gets these lines. */
async function seenAfter(lines: object[], environment: Record<string, string> = {}): Promise<string> {
  const logFile = join(folder, 'log.jsonl')
  await rm(logFile, { force: true })
  const settings = await terminalSettings({ COVERSLIP_DATA: folder, LOG_FILE: logFile, ...environment })
  await writeFile(logFile, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  const seen: string[] = []
  const system = { url: '', publicUrl: 'http://localhost:1', metricsUrl: '', rpcAddress: '', stop: async () => {} }
  await welcome(system, settings, { write: text => seen.push(text) })
  return seen.join('')
}

test('the link that the log got is shown', async () => {
  const seen = await seenAfter([{ link: 'http://localhost:1/sign-in#abc' }, { msg: 'ready' }])
  expect(seen).toContain('Sign in, once, by http://localhost:1/sign-in#abc\n')
})

test('an owner who is signed in elsewhere reads which address to ask with, and where the link comes', async () => {
  expect(await seenAfter([{ msg: 'ready' }])).toContain('as owner@coverslip.internal; it appears in the log')
  const mailed = { OWNER_EMAIL: 'chief@clinic.example', SMTP_URL: 'smtp://mail.clinic.example' }
  expect(await seenAfter([{ msg: 'ready' }], mailed)).toContain('as chief@clinic.example; it is mailed')
})

test('that nobody looks at slides before they are released is said, and only then', async () => {
  expect(await seenAfter([{ msg: 'ready' }], { REVIEW_GATE: 'off' })).toContain('The human gate is off')
  expect(await seenAfter([{ msg: 'ready' }])).not.toContain('human gate')
})
