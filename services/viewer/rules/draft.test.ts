import { type SelectionRule, selectionRules } from '@coverslip/proto/api/selection-rules.ts'
import { describe, expect, it } from 'vitest'
import { draftsOf, RULE_NAMES, rulesOf } from './draft.ts'
import { sayRule } from './wording.ts'

const RULES: SelectionRule[] = [
  { rule: 'consent', collectedFrom: '2020-01-31' },
  { rule: 'consent-version', atLeast: '2.1' },
  { rule: 'consent-scope', terms: ['DUO:0000042', 'DUO:0000018'], collectedFrom: '2020-01-31' },
  { rule: 'international-use' },
  { rule: 'commercial-use', collectedFrom: '2020-01-31' },
  { rule: 'vital-status', brokers: ['Cancer registry', 'Office 2'] },
  { rule: 'tumour-fraction', atLeast: 0.07 },
  { rule: 'normal-fraction', atLeast: 0.3 },
  { rule: 'information', fields: ['organ', 'collected'] },
]

describe('selection rules as a form', () => {
  it('come out as they went in', () => {
    expect(rulesOf(draftsOf(RULES))).toEqual(RULES)
    expect(rulesOf(draftsOf([]))).toEqual([])
  })
  it('offer every rule there is, each with values that the API takes', () => {
    const all = rulesOf(draftsOf([]).map(draft => ({ ...draft, on: true })))
    expect(all.map(({ rule }) => rule)).toEqual([...RULE_NAMES])
    expect(selectionRules.parse(all)).toEqual(all)
  })
  it('take terms and brokers however they are separated', () => {
    const typed = draftsOf(RULES).map(draft => ({
      ...draft,
      terms: ' DUO:0000042,\nDUO:0000018 ',
      brokers: ' A b ;; C ',
    }))
    const rules = rulesOf(typed)
    expect(rules[2]).toMatchObject({ terms: ['DUO:0000042', 'DUO:0000018'] })
    expect(rules[5]).toEqual({ rule: 'vital-status', brokers: ['A b', 'C'] })
  })
  it('leave what is no value to the server', () => {
    const [wrong] = rulesOf(draftsOf([RULES[6]!]).map(draft => ({ ...draft, atLeast: 'much' })))
    expect(selectionRules.safeParse([wrong]).success).toBe(false)
  })
})

describe('selection rules in words', () => {
  it.each(RULES.map(rule => [rule.rule, sayRule(rule)]))('%s', (_name, words) =>
    expect(words).toMatch(/^[A-Z].{20,}[^.]$/),
  )
  it('say from when they hold, and how much is wanted', () => {
    expect(sayRule(RULES[0]!)).toContain('31 January 2020')
    expect(sayRule(RULES[6]!)).toContain('7 %')
    expect(sayRule({ rule: 'vital-status', brokers: [] })).toContain('anybody who is named')
  })
})
