/** What may stay by choice, and whose word counts for it when a result is proven. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { datesFrom, keptBy } from './deidentify-choices.ts'
import { runCommand } from './program.ts'

let folder: string
let source: string
let made: { name: string; result: string }
let reportPath: string
let reportText: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-cli-choices-'))
  source = join(folder, 'slide.svs')
  const options = { width: 900, height: 700, seed: 7, tileSize: 64, hidingPlaces: 'all', workers: 1 } as const
  await writeSyntheticSlide(source, options)
  const out = join(folder, 'out')
  const { lines } = await run([source, '--run', '--output', out, '--keep-macro', 'left', '--dates', 'shift:10'])
  made = lines[0]
  reportPath = join(out, `${made.name}.deidentification.json`)
  reportText = await readFile(reportPath, 'utf8')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(args: string[], state = 'state') {
  const said = { out: '', err: '' }
  const keep = (name: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += chunk
        done()
      },
    })
  const environment = { XDG_STATE_HOME: join(folder, state) }
  const context = { environment, out: keep('out'), screen: keep('err'), signal: new AbortController().signal }
  const code = await runCommand(['deidentify', ...args, '--json'], context)
  return {
    code,
    err: said.err,
    lines: said.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
  }
}

const prove = async (args: string[] = [], state?: string) => {
  const { code, lines } = await run([made.result, '--verify', source, ...args], state)
  const failed = lines[0].checks.filter(({ passed }: { passed: boolean }) => !passed)
  return { code, report: lines[0].report, reason: lines[0].reason, failed: failed.length }
}

const publicPem = async (state = 'state') =>
  createPublicKey(await readFile(join(folder, state, 'coverslip', 'keys', 'report-signing.pem')))
    .export({ type: 'spki', format: 'pem' })
    .toString()

it('the macro stays without its label, and another day; the report says so, but not by how many days', async () => {
  expect((await describeSlide(made.result)).associated.map(({ kind }) => kind)).toEqual(['macro'])
  const text = await readFile(made.result, 'latin1')
  expect(text).toContain('Date = 06/02/24')
  expect(text).not.toContain(FAKE_PATIENT.scanDate)
  const report = JSON.parse(reportText)
  expect(report.kept).toEqual({ macro: 'left', dates: 'shifted' })
  expect(await readFile(reportPath.replace(/json$/, 'html'), 'utf8')).toContain('without its left end; another day')
})

it('a plan tells what would go by the same choices', async () => {
  const names = async (args: string[]) => {
    const { lines } = await run([source, '--plan', ...args])
    return lines[0].removed.map(({ name }: { name: string }) => name) as string[]
  }
  expect((await names([])).some(name => name.startsWith('macro '))).toBe(true)
  const kept = await names(['--keep-macro', 'left'])
  expect(kept.some(name => name.startsWith('macro '))).toBe(false)
  expect(kept).toContain('label in macro')
})

describe('proving a result that was made by choices', () => {
  it('allows what its own report says, or what is said', async () => {
    expect(await prove()).toMatchObject({ code: 0, report: 'genuine', failed: 0 })
    const same = ['--keep-macro', 'left', '--dates', 'shift:10']
    expect(await prove(same)).toMatchObject({ code: 0, failed: 0 })
    await rm(reportPath)
    expect(await prove(same)).toMatchObject({ code: 0, report: 'none', failed: 0 })
    expect(await prove()).toMatchObject({ code: 1, report: 'none' })
    await writeFile(reportPath, reportText)
  })

  it('fails when the macro shows more than is allowed, or the dates do', async () => {
    // The tissue is at the other end.
    const right = await prove(['--keep-macro', 'right', '--dates', 'shift:10'])
    expect(right).toMatchObject({ code: 1, report: 'genuine', failed: 1 })
    expect((await prove(['--keep-macro', 'left', '--dates', 'year'])).failed).toBeGreaterThan(0)
    expect(await prove(['--dates', 'remove'])).toMatchObject({ code: 1, report: 'genuine' })
  })

  it('takes the word of no report that is signed with another key', async () => {
    expect(await prove([], 'elsewhere')).toMatchObject({ code: 1, report: 'of another key' })
    const key = join(folder, 'site.pem')
    await writeFile(key, await publicPem())
    expect(await prove(['--key', key], 'elsewhere')).toMatchObject({ code: 0, report: 'genuine', failed: 0 })
  })
})

describe('--key', () => {
  const keyFile = async (pem: string | Buffer): Promise<string> => {
    const path = join(folder, 'key.pem')
    await writeFile(path, pem)
    return path
  }

  it('tells a report that was changed', async () => {
    const key = await keyFile(await publicPem())
    await writeFile(reportPath, reportText.replace('"revision": 1', '"revision": 2'))
    const reason = 'The report is not genuine: it is not as it was signed, or it is about other files'
    const choices = ['--keep-macro', 'left', '--dates', 'shift:10']
    const changed = await prove(['--key', key, ...choices])
    await writeFile(reportPath, reportText)
    expect(changed).toEqual({ code: 1, report: 'not genuine', reason, failed: 0 })
  })

  it('asks for a report that is signed with it', async () => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })
    const choices = ['--keep-macro', 'left', '--dates', 'shift:10']
    const foreign = await prove(['--key', await keyFile(other), ...choices])
    expect(foreign).toMatchObject({ code: 1, reason: 'The report is signed with another key', failed: 0 })
    await rm(reportPath)
    const none = await prove(['--key', await keyFile(await publicPem()), ...choices])
    await writeFile(reportPath, reportText)
    expect(none).toMatchObject({ code: 1, reason: 'The report is missing', failed: 0 })
  })

  it('is an Ed25519 key', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' })
    for (const pem of ['no key', rsa]) {
      const { code, err } = await run([made.result, '--verify', source, '--key', await keyFile(pem)])
      expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('expected an Ed25519 public key') })
    }
    const { code } = await run([source, '--plan', '--key', 'x.pem'])
    expect(code).toBe(2)
  })
})

it.each(['shift', 'shift:', 'shift:0', 'shift:1.5', 'shift:9999', 'month'])('dates %s are wrong usage', async dates => {
  const { code, err } = await run([source, '--plan', '--dates', dates])
  expect(err).toContain('expected remove, year, or shift:DAYS')
  expect(code).toBe(2)
})

it('dates and choices are read as they are typed', () => {
  expect(datesFrom('remove')).toBe('remove')
  expect(datesFrom('year')).toEqual({ keep: 'year' })
  expect(datesFrom('shift:-30')).toEqual({ keep: 'shifted', days: -30 })
  expect(keptBy({})).toBeUndefined()
  expect(keptBy({ dates: 'remove' })).toEqual({ macro: null, dates: null })
  expect(keptBy({ keepMacro: 'top' })).toEqual({ macro: 'top', dates: null })
})
