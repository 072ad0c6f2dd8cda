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

test('a pyramid larger than its source is made again with less quality, down to the floor and no further', () => {
  const policy = codingFor('IHC')
  const { quality, subsampling } = policy
  expect(decideSize(policy, { quality, subsampling }, 1000, 1000)).toEqual({ kind: 'keep' })
  const tried: number[] = [quality]
  for (let decision = decideSize(policy, { quality, subsampling }, 1001, 1000); decision.kind === 'again'; ) {
    expect(decision.coding.subsampling).toBe(subsampling)
    tried.push(decision.coding.quality)
    decision = decideSize(policy, decision.coding, 1001, 1000)
    if (decision.kind !== 'again')
      expect(decision).toMatchObject({ kind: 'refuse', reason: expect.stringContaining('quality 50') })
  }
  expect(tried).toEqual([70, 60, 50])
})

test('the last step ends on the floor, wherever it is', () => {
  const policy = { quality: 50, subsampling: '4:2:0', floor: 47 } as const
  const decision = decideSize(policy, policy, 2, 1)
  expect(decision).toMatchObject({ kind: 'again', coding: { quality: 47 } })
})
