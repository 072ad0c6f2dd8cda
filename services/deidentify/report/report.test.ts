import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall } from '@coverslip/platform/module.ts'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { config } from '../config.ts'
import { migrations } from '../migrations/index.ts'
import { checkOf } from '../proof/checks.ts'
import type { DeidentifyDeps } from '../received.ts'
import { saveOutcome } from '../store.ts'
import { canonicalJson } from './canonical-json.ts'
import { repeatedTexts } from './check.ts'
import { reportPage } from './page.ts'
import { makeReport } from './report.ts'
import { showReport } from './show.ts'
import { hmacOfFiles, isGenuine, openReportKeys, type ReportKeys, signReport } from './signature.ts'

let folder: string
let keys: ReportKeys
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-report-'))
  keys = await openReportKeys({ signing: '', input: '' }, join(folder, 'keys'))
})
afterAll(() => rm(folder, { recursive: true }))

const SHA = 'ab'.repeat(32)
const facts = (name = 'Barcode') =>
  makeReport({
    rulesSha256: SHA,
    wording: 'pseudonymised',
    format: 'aperio',
    revision: 1,
    method: 'in-place',
    removed: [{ place: 'IFD 0, tag 270 ImageDescription', kind: 'key', name, length: 24, count: 1 }],
    blankedBytes: 24,
    checks: [checkOf('texts', []), checkOf('pixels', [])],
    levels: [{ width: 700, height: 500, tiles: 6, redacted: 0, blanked: 0, sha256: SHA }],
    searched: { texts: 3, spellings: 20, bytes: 1000 },
    sizes: { source: 1000, result: 1000 },
    inputHmac: SHA,
    sha256: SHA,
    files: [{ name: 'original.svs', bytes: 1000, sha256: SHA }],
  })

describe('canonical JSON', () => {
  it('is the same for the same value, whatever the order of its keys', () => {
    expect(canonicalJson({ b: [1, 'ü"', null], a: { d: true, c: 0.5 } })).toBe(
      '{"a":{"c":0.5,"d":true},"b":[1,"ü\\"",null]}',
    )
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}')
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError)
  })
})

describe('a signed report', () => {
  it('is genuine for whoever has the key, also after a journey through JSON', () => {
    const report = signReport(facts(), keys)
    expect(isGenuine(report, keys.signing)).toBe(true)
    expect(isGenuine(JSON.parse(JSON.stringify(report, null, 2)), keys.signing)).toBe(true)
  })

  it('is not genuine when anything of it was changed, added or taken away, or another key signed', () => {
    const report = signReport(facts(), keys)
    const { checks: _, ...without } = report
    const other = generateKeyPairSync('ed25519').publicKey
    expect(isGenuine({ ...report, blankedBytes: 25 }, keys.signing)).toBe(false)
    expect(isGenuine({ ...report, note: 'added' }, keys.signing)).toBe(false)
    expect(isGenuine({ ...report, removed: [{ ...report.removed[0], note: 'added' }] }, keys.signing)).toBe(false)
    expect(isGenuine(without, keys.signing)).toBe(false)
    expect(isGenuine(report, other)).toBe(false)
    expect(isGenuine(null, keys.signing)).toBe(false)
  })

  it('has keys that are made once, for this user alone, or given', async () => {
    const again = await openReportKeys({ signing: '', input: '' }, join(folder, 'keys'))
    expect(again.signing.equals(keys.signing)).toBe(true)
    expect(again.input.equals(keys.input)).toBe(true)
    for (const name of await readdir(join(folder, 'keys'))) {
      expect((await stat(join(folder, 'keys', name))).mode & 0o077).toBe(0)
    }
    await expect(openReportKeys({ signing: 'no key', input: 'short' }, folder)).rejects.toThrow(
      /REPORT_SIGNING_KEY[\s\S]*REPORT_INPUT_KEY/,
    )
  })

  it('tells its source by a hash that only the site can make', async () => {
    const path = join(folder, 'source')
    await writeFile(path, 'source')
    expect(await hmacOfFiles([path], keys.input)).toMatch(/^[0-9a-f]{64}$/)
    expect(await hmacOfFiles([path], keys.input)).not.toBe(await hmacOfFiles([path], Buffer.alloc(32)))
  })

  it('repeats no text of its source; the names of what was removed are no texts', () => {
    const report = signReport(facts('Quillfeather'), keys)
    const known = ['quillfeather', 'Barcode', '700x500', 'S24-90817', 'tag', '24'].map(text => ({
      text,
      from: 'source' as const,
    }))
    expect(repeatedTexts(report, known).map(({ text }) => text)).toEqual(['quillfeather'])
    expect(repeatedTexts(signReport(facts(), keys), known)).toEqual([])
  })

  it('may have a name, drawn by chance, that ends as that of the source', () => {
    const [file] = facts().files
    const report = signReport({ ...facts(), files: [{ ...file!, name: 'R-7QZK3M2A.svs' }] }, keys)
    expect(repeatedTexts(report, [{ text: 'a.svs', from: 'given' }])).toEqual([])
  })
})

describe('the page', () => {
  it('says all that the report says, and escapes it', () => {
    const page = reportPage(signReport(facts('<script>alert(1)</script>'), keys))
    expect(page).not.toContain('<script')
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).toContain('pseudonymised')
    expect(page).not.toMatch(/anonymous(?<!not anonymous)/)
    expect(page).toContain(SHA)
    expect(page).toContain('the stored pixels of every level are the same')
  })

  it('loads nothing', () => {
    expect(reportPage(signReport(facts(), keys))).not.toMatch(/src=|href=|url\(|@import|http/)
  })
})

describe('GET the page', () => {
  let test: TestDeps<DeidentifyDeps>
  const ids = { done: randomUUID(), review: randomUUID(), rejected: randomUUID() }
  beforeAll(async () => {
    test = await openTestDeps<DeidentifyDeps>({ name: 'deidentify', config, migrations })
    for (const [state, slideId] of Object.entries(ids) as [keyof typeof ids, string][]) {
      const file = { rendition: 'original' as const, key: `${slideId}/1/original.svs`, bytes: 10, sha256: SHA }
      const record = { slideId, state, revision: 1, project: 'p1', format: 'aperio', file, report: '{}' }
      await test.deps.objects.original.put(`${slideId}/1/deidentification.html`, Buffer.from('<!doctype html>'))
      await test.deps.db.transaction(trx => saveOutcome(trx, record))
    }
  })
  afterAll(() => test.close())

  /** Somebody who may see slides of p1 and, where asked for, review them. */
  const get = (id: string, reviewer = false, project = 'p1') => {
    const allow = (resource: { project: string }, action?: string) => {
      if (resource.project !== project || (action === 'review.read' && !reviewer))
        throw new ServiceError('not-found', 'no')
    }
    return showReport(test.deps)({ params: { id }, allow } as unknown as HttpCall)
  }

  it('is for all who may see the slide, and runs nothing', async () => {
    const { headers, body } = await get(ids.done)
    expect(`${body}`).toBe('<!doctype html>')
    expect(headers!['content-security-policy']).toContain("default-src 'none'")
    await expect(get(ids.done, false, 'p2')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is for reviewers only before the release; there is none of other slides', async () => {
    await expect(get(ids.review)).rejects.toMatchObject({ code: 'not-found' })
    expect(await get(ids.review, true)).toHaveProperty('body')
    await expect(get(ids.rejected, true)).rejects.toMatchObject({ code: 'not-found' })
    await expect(get('no-uuid')).rejects.toMatchObject({ code: 'not-found' })
    await expect(get(randomUUID())).rejects.toMatchObject({ code: 'not-found' })
  })
})
