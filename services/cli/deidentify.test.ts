import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from './program.ts'

const STEM = FAKE_PATIENT.fileName
let folder: string
let inbox: string
let out: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-cli-deidentify-'))
  inbox = join(folder, 'inbox')
  await mkdir(join(inbox, 'scanner'), { recursive: true })
  const options = { width: 500, height: 400, tileSize: 64, hidingPlaces: 'all', workers: 1 } as const
  await writeSyntheticSlide(join(inbox, `${STEM}.svs`), options)
  await writeSyntheticSlide(join(inbox, 'scanner', `${STEM}.mrxs`), { ...options, format: 'mirax' })
})
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(async () => {
  out = await mkdtemp(join(folder, 'out-'))
})

async function run(args: string[], signal = new AbortController().signal) {
  const said = { out: '', err: '' }
  const keep = (name: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += chunk
        done()
      },
    })
  const context = {
    environment: { XDG_STATE_HOME: join(folder, 'state') },
    out: keep('out'),
    screen: keep('err'),
    signal,
  }
  const code = await runCommand(['deidentify', ...args], context)
  return {
    code,
    ...said,
    lines: () =>
      said.out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
  }
}
const svs = () => join(inbox, `${STEM}.svs`)
const mrxs = () => join(inbox, 'scanner', `${STEM}.mrxs`)
const hashOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
const filesIn = async (where: string) => (await readdir(where, { recursive: true })).toSorted()

describe('coverslip deidentify', () => {
  it('tells what it would remove, and writes nothing', async () => {
    const before = await filesIn(folder)
    const { code, lines } = await run([svs(), mrxs(), '--plan', '--json'])
    expect(code).toBe(1)
    expect(lines()).toMatchObject([
      { format: 'aperio', method: 'in-place', clean: false },
      { format: 'mirax', method: 'in-place', clean: false },
    ])
    for (const { removed } of lines()) expect(removed.map(({ kind }: { kind: string }) => kind)).toContain('image')
    expect(await filesIn(folder)).toEqual(before)
  })

  it('writes proven results under names that say nothing; the sources stay as they are', async () => {
    const before = await hashOf(svs())
    const { code, lines } = await run([inbox, '--run', '--output', out, '--json'])
    expect(code).toBe(0)
    const made = lines() as { file: string; name: string; result: string; rendition: string }[]
    expect(made.map(({ file }) => file).toSorted()).toEqual([svs(), mrxs()].toSorted())
    const files = await filesIn(out)
    for (const file of files) expect(file).toMatch(/^R-[0-9A-HJKMNP-TV-Z]{8}(\.|\/|$)/)
    for (const { name, result } of made) {
      expect(files).toEqual(expect.arrayContaining([`${name}.deidentification.json`, `${name}.deidentification.html`]))
      const report = JSON.parse(await readFile(join(out, `${name}.deidentification.json`), 'utf8'))
      expect(report.sha256).toBe(await hashOf(result))
    }
    for (const file of files.filter(file => /\./.test(file))) {
      const text = (await readFile(join(out, file))).toString('latin1')
      for (const secret of [STEM, FAKE_PATIENT.lastName, FAKE_PATIENT.patientId]) expect(text).not.toContain(secret)
    }
    expect(await hashOf(svs())).toBe(before)
    // A clean file has nothing to remove.
    expect((await run([...made.map(({ result }) => result), '--plan'])).code).toBe(0)
  })

  it('proves a result against its original, and no other file', async () => {
    const made = (await run([svs(), '--run', '--output', out, '--json'])).lines()[0]
    const good = await run([made.result, '--verify', svs(), '--json'])
    expect(good.lines()[0]).toMatchObject({ clean: true, report: 'genuine' })
    expect(good.code).toBe(0)
    const bytes = await readFile(made.result)
    await writeFile(made.result, Buffer.concat([bytes, Buffer.from(FAKE_PATIENT.lastName)]))
    const bad = await run([made.result, '--verify', svs(), '--json'])
    expect(bad.lines()[0]).toMatchObject({ clean: false, report: 'not genuine' })
    expect(bad.code).toBe(1)
    expect((await run([svs(), '--verify', svs()])).code).toBe(1)
  })

  it('takes no report that nobody signed, or that is of other files', async () => {
    const copy = join(out, 'sources')
    await cp(join(inbox, 'scanner'), copy, { recursive: true })
    const results = join(out, 'results')
    const [one, other] = [mrxs(), join(copy, `${STEM}.mrxs`)]
    const made = (await run([one, other, '--run', '--output', results, '--json'])).lines()
    const reports = made.map(({ name }) => join(results, `${name}.deidentification.json`))
    const [mine, foreign] = await Promise.all(reports.map(path => readFile(path, 'utf8')))
    for (const [text, report] of [
      [mine!, 'genuine'],
      [foreign!, 'not genuine'],
      ['{}', 'not genuine'],
      ['no JSON', 'not genuine'],
    ] as const) {
      await writeFile(reports[0]!, text)
      const { code, lines } = await run([made[0].result, '--verify', one, '--json'])
      expect({ code, ...lines()[0] }).toMatchObject({ code: report === 'genuine' ? 0 : 1, report })
    }
  })

  it('looks for what is known besides', async () => {
    const known = join(folder, 'known.txt')
    await writeFile(known, `${FAKE_PATIENT.lastName}\n\nMeierhofer\n`)
    expect((await run([svs(), '--run', '--output', out, '--known', known])).code).toBe(0)
  })

  it('never writes where an input lies, whatever the way there', async () => {
    const linked = join(folder, `linked-${Date.now()}`)
    await symlink(inbox, linked)
    const elsewhere = join(out, 'x.svs')
    await symlink(svs(), elsewhere)
    const before = await filesIn(inbox)
    for (const [input, output] of [
      [svs(), inbox],
      [svs(), linked],
      [elsewhere, inbox],
      [elsewhere, out],
      [mrxs(), join(inbox, 'scanner', STEM)],
    ] as const) {
      const { code, err } = await run([input, '--run', '--output', output])
      expect({ code, err }).toEqual({ code: 2, err: 'The output folder holds an input; name another folder\n' })
    }
    expect(await filesIn(inbox)).toEqual(before)
  })

  it.each(['/proc/results', '/dev/null/results'])('refuses %s, where no folder can be made', async output => {
    const { code, err } = await run([svs(), '--run', '--output', output])
    expect({ code, err: err.replace('/dev/null\n', '/dev/null/results\n') }).toEqual({
      code: 2,
      err: `No folder can be made at ${output}\n`,
    })
  })

  it('does not touch a file that is linked to from the output folder', async () => {
    const before = await hashOf(svs())
    await link(svs(), join(out, 'same.svs'))
    expect((await run([svs(), '--run', '--output', out])).code).toBe(0)
    expect(await hashOf(svs())).toBe(before)
  })

  it('leaves nothing of a file that fails, and goes on with the others', async () => {
    const broken = join(folder, 'broken.svs')
    await writeFile(broken, 'not a slide')
    const { code, lines } = await run([broken, svs(), '--run', '--output', out, '--json'])
    expect(code).toBe(1)
    expect(lines()).toMatchObject([{ file: broken, clean: false, code: 'not-a-slide' }, { clean: true }])
    expect((await filesIn(out)).filter(name => name.endsWith('.svs'))).toHaveLength(1)
    expect((await filesIn(out)).filter(name => name.startsWith('.'))).toEqual([])
  })

  it('removes what a killed run has left, not what another one is at', async () => {
    const ended = spawnSync(process.execPath, ['--version']).pid
    const [left, foreign] = [`.coverslip-${hostname()}-${ended}-abcDEF`, '.coverslip-another-host-1-abcDEF']
    const busy = `.coverslip-${hostname()}-${process.pid}-abcDEF`
    for (const name of [left, foreign, busy]) {
      await mkdir(join(out, name))
      await writeFile(join(out, name, 'copy.svs'), FAKE_PATIENT.lastName)
    }
    expect((await run([svs(), '--run', '--output', out])).code).toBe(0)
    expect((await readdir(out)).filter(name => name.startsWith('.')).toSorted()).toEqual([busy, foreign].toSorted())
    for (const name of [foreign, busy]) await rm(join(out, name), { recursive: true })
  })

  it('leaves nothing when it is stopped', async () => {
    const stop = new AbortController()
    const running = run([svs(), mrxs(), '--run', '--output', out], stop.signal)
    setTimeout(() => stop.abort(new Error('stopped')), 60)
    expect((await running).code).toBe(1)
    expect((await filesIn(out)).filter(name => name.startsWith('.'))).toEqual([])
  })

  it.each([
    [['x.svs'], 'Say what to do'],
    [['x.svs', '--run'], '--run needs --output'],
    [['x.svs', '--run', '--plan'], 'cannot be used with'],
    [['a.svs', 'b.svs', '--verify', 'x.svs'], '--verify proves one result'],
  ])('wrong usage ends with 2: %s', async (args, says) => {
    const { code, err, lines } = await run([...args, '--json'])
    expect(err).toContain(says)
    expect(code).toBe(2)
    expect(lines()).toEqual([{ error: expect.stringContaining(says), code: 'usage' }])
  })
})
