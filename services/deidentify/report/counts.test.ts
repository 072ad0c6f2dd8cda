import { expect, test } from 'vitest'
import { checkOf } from '../proof/checks.ts'
import { makeReport, type Removed } from './report.ts'

const SHA = 'cd'.repeat(32)
const countsOf = (removed: Removed[]) =>
  makeReport({
    rulesSha256: SHA,
    wording: 'de-identified',
    format: 'aperio',
    revision: 2,
    method: 'in-place',
    removed,
    blankedBytes: 0,
    checks: [checkOf('texts', [])],
    levels: [],
    searched: { texts: 0, spellings: 0, bytes: 0 },
    sizes: { source: 1, result: 1 },
    inputHmac: SHA,
    sha256: SHA,
    files: [{ name: 'original.svs', bytes: 1, sha256: SHA }],
  }).counts

test('tiles that a reviewer had blanked are not counted as images that went', () => {
  const label: Removed = { place: 'IFD 2', kind: 'image', name: 'label 387x463', length: 9, count: 1 }
  const tiles: Removed = { place: 'IFD 0, tiles', kind: 'image', name: 'redacted tiles', length: 9, count: 6 }
  const key: Removed = { place: 'IFD 0', kind: 'key', name: 'Date', length: 8, count: 2 }
  expect(countsOf([label, tiles, key])).toEqual({ images: 1, fields: 0, keys: 2, other: 6 })
})
