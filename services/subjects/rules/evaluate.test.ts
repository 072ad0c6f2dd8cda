import { type SelectionRule, selectionRules } from '@coverslip/proto/api/selection-rules.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareVersions, evaluate } from './evaluate.ts'
import type { Facts } from './facts.ts'
import { presetRules } from './presets.ts'

const UNKNOWN: Facts = {
  withdrawn: false,
  collected: null,
  consent: null,
  vitalStatus: null,
  tumourFraction: null,
  normalFraction: null,
  material: { technique: '', stain: '', organ: '', diagnosis: '', scanner: '' },
  pieces: { case: false, specimen: false, block: false, glass: false },
}
const PAIP = presetRules('paip', '2015-06-30')
/** Meets all rules of the preset `paip`. */
const GOOD: Facts = {
  withdrawn: false,
  collected: '2020-05-31',
  consent: { version: '2.1', date: '2020-05-01', scope: ['DUO:0000042'], international: true, commercial: true },
  vitalStatus: { status: 'living', broker: 'Registry' },
  tumourFraction: { value: 0.3, attested: true },
  normalFraction: { value: 0.5, attested: true },
  material: { technique: 'HE', stain: 'HE', organ: 'LIVER', diagnosis: 'HCC', scanner: '' },
  pieces: { case: true, specimen: false, block: false, glass: false },
}
const heldBy = (rules: readonly SelectionRule[], facts: Facts) => evaluate(rules, facts).heldBy.map(({ rule }) => rule)

test('without rules everything is admitted, but for subjects who have withdrawn', () => {
  expect(evaluate(presetRules('none', undefined), UNKNOWN)).toEqual({ admitted: true, heldBy: [] })
  expect(heldBy(presetRules('none', undefined), { ...GOOD, withdrawn: true })).toEqual(['withdrawn'])
  // Nobody is asked for what would not help.
  expect(heldBy(PAIP, { ...UNKNOWN, withdrawn: true })).toEqual(['withdrawn'])
})

test('unknown is held: every rule of the preset is named', () => {
  expect(heldBy(PAIP, UNKNOWN)).toEqual(PAIP.map(({ rule }) => rule))
  expect(evaluate(PAIP, GOOD)).toEqual({ admitted: true, heldBy: [] })
})

test('the presets are rules as the API takes them', () => {
  for (const rules of [presetRules('none', undefined), PAIP]) expect(selectionRules.parse(rules)).toEqual(rules)
})

test('from which day material needs consent is for the site to say', () => {
  expect(() => presetRules('paip', undefined)).toThrow('wants collectedFrom')
  expect(heldBy(PAIP, { ...GOOD, consent: null, collected: '2015-06-29' })).toEqual([])
})

describe('one fact that is missing or wrong holds by its rule alone', () => {
  const consent = GOOD.consent!
  const cases: [string, Partial<Facts>][] = [
    ['consent-scope', { consent: { ...consent, scope: ['DUO:0000006'] } }],
    ['consent-scope', { consent: { ...consent, scope: null } }],
    ['international-use', { consent: { ...consent, international: null } }],
    ['commercial-use', { consent: { ...consent, commercial: false } }],
    ['vital-status', { vitalStatus: null }],
    ['tumour-fraction', { tumourFraction: { value: 0.29, attested: true } }],
    ['tumour-fraction', { tumourFraction: { value: 0.9, attested: false } }],
    ['normal-fraction', { normalFraction: null }],
    ['information', { material: { ...GOOD.material, organ: '' } }],
    ['information', { pieces: { ...GOOD.pieces, case: false } }],
  ]
  test.each(cases)('%s', (rule, wrong) => {
    expect(heldBy(PAIP, { ...GOOD, ...wrong })).toEqual([rule])
  })
})

describe('the day the material was taken', () => {
  const rules: SelectionRule[] = [{ rule: 'consent', collectedFrom: '2013-02-02' }]
  const without = { ...GOOD, consent: null }
  test('the day before needs no consent, the day itself does', () => {
    expect(heldBy(rules, { ...without, collected: '2013-02-01' })).toEqual([])
    expect(heldBy(rules, { ...without, collected: '2013-02-02' })).toEqual(['consent'])
  })
  test('an unknown day is held, unless the consent is there anyway', () => {
    expect(evaluate(rules, { ...without, collected: null }).heldBy[0]!.why).toContain('unknown whether')
    expect(heldBy(rules, { ...GOOD, collected: null })).toEqual([])
  })
  test('without a day the rule holds for all material', () => {
    expect(heldBy([{ rule: 'consent' }], { ...without, collected: '1999-01-01' })).toEqual(['consent'])
  })
})

test('a vital status counts when a broker whom the rules name has attested it', () => {
  const rules: SelectionRule[] = [{ rule: 'vital-status', brokers: ['Registry'] }]
  expect(heldBy(rules, GOOD)).toEqual([])
  expect(heldBy(rules, { ...GOOD, vitalStatus: { status: 'living', broker: 'Somebody' } })).toEqual(['vital-status'])
})

test('versions are compared number by number', () => {
  expect(compareVersions('2.10', '2.9')).toBeGreaterThan(0)
  expect(compareVersions('2', '2.0')).toBe(0)
  expect(compareVersions('1.9', '2')).toBeLessThan(0)
})

test('knowing less never admits more', () => {
  const fact = fc.constantFrom(...(Object.keys(GOOD).filter(name => name !== 'withdrawn') as (keyof Facts)[]))
  fc.assert(
    fc.property(fc.subarray([...PAIP]), fc.array(fact), (rules, forgotten) => {
      const known = { ...GOOD }
      let before = evaluate(rules, known).heldBy.length
      for (const name of forgotten) {
        Object.assign(known, { [name]: UNKNOWN[name] })
        const after = evaluate(rules, known).heldBy.length
        expect(after).toBeGreaterThanOrEqual(before)
        before = after
      }
    }),
  )
})

test('rules are refused when one comes twice, or is not known', () => {
  const twice = [{ rule: 'consent' }, { rule: 'consent', collectedFrom: '2020-01-01' }]
  expect(selectionRules.safeParse(twice).success).toBe(false)
  expect(selectionRules.safeParse([{ rule: 'age' }]).success).toBe(false)
  expect(selectionRules.safeParse([{ rule: 'consent', collectedFrom: '31.5.2024' }]).success).toBe(false)
})
