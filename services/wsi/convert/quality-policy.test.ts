import { expect, test } from 'vitest'
import { codingFor, decideSize, QUALITY_POLICY } from './quality-policy.ts'

test('haematoxylin and eosin share colours at 4:2:0; immunohistochemistry and special stains keep all of them', () => {
  expect(codingFor('HE')).toMatchObject({ quality: 50, subsampling: '4:2:0' })
  for (const technique of ['IHC', 'SPECIAL'])
    expect(codingFor(technique)).toMatchObject({ quality: 70, subsampling: '4:4:4' })
  expect(codingFor('FLUORESCENCE').subsampling).toBe('4:2:0')
})

test('an unknown technique is coded as H&E, also one that is named like a property of objects', () => {
  for (const technique of [null, undefined, '', 'OTHER', 'constructor', '__proto__'])
    expect(codingFor(technique)).toEqual(QUALITY_POLICY.HE)
})

test('a site’s own table comes first', () => {
  const own = { HE: { quality: 60, subsampling: '4:4:4', floor: 55 } } as const
  expect(codingFor('HE', own)).toEqual(own.HE)
  expect(codingFor('IHC', own)).toEqual(QUALITY_POLICY.IHC)
  expect(codingFor('OTHER', own)).toEqual(own.HE)
})

/** What any pyramid may take beside what it shows: index, tables, padding of edge tiles. */
const FIXED = 64 * 1024
const size = (pixels: number) => ({ bytes: FIXED, pixels: FIXED + pixels })
const source = (pixels: number) => ({ bytes: FIXED, pixels })

test('files are compared without what every pyramid takes, and pixels where both are known', () => {
  const policy = codingFor('HE')
  const kind = (bytes: number, pixels: number | null, from: [number, number | null]) =>
    decideSize(policy, policy, { bytes, pixels }, { bytes: from[0], pixels: from[1] }).kind
  expect(kind(FIXED + 10, null, [10, null])).toBe('keep')
  expect(kind(FIXED + 11, null, [10, null])).toBe('again')
  expect(kind(FIXED + 10, 9, [10, null])).toBe('keep')
  // A source that holds much beside its pixels.
  expect(kind(FIXED + 500, FIXED + 400, [1000, 399])).toBe('again')
  expect(kind(FIXED + 500, FIXED + 399, [1000, 399])).toBe('keep')
})

test('a pyramid larger than its source is made again with less quality, down to the floor and no further', () => {
  const policy = codingFor('IHC')
  const { quality, subsampling } = policy
  expect(decideSize(policy, { quality, subsampling }, size(1000), source(1000))).toEqual({ kind: 'keep' })
  const tried: number[] = [quality]
  for (
    let decision = decideSize(policy, { quality, subsampling }, size(1001), source(1000));
    decision.kind === 'again';
  ) {
    expect(decision.coding.subsampling).toBe(subsampling)
    tried.push(decision.coding.quality)
    decision = decideSize(policy, decision.coding, size(1001), source(1000))
    if (decision.kind !== 'again')
      expect(decision).toMatchObject({ kind: 'refuse', reason: expect.stringContaining('quality 50') })
  }
  expect(tried).toEqual([70, 60, 50])
})

test('the last step ends on the floor, wherever it is', () => {
  const policy = { quality: 50, subsampling: '4:2:0', floor: 47 } as const
  const decision = decideSize(policy, policy, size(2), source(1))
  expect(decision).toMatchObject({ kind: 'again', coding: { quality: 47 } })
})
