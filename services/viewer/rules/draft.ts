/** Selection rules as a form holds them: every rule once, switched on or off, its values as text; pure. */
import type { RuleName, SelectionRule } from '@coverslip/proto/api/selection-rules.ts'

export type InformationField = Extract<SelectionRule, { rule: 'information' }>['fields'][number]

/** In the order of the form, and of what holds a slide. */
export const RULE_NAMES = [
  'consent',
  'consent-version',
  'consent-scope',
  'international-use',
  'commercial-use',
  'vital-status',
  'tumour-fraction',
  'normal-fraction',
  'information',
] as const satisfies readonly RuleName[]

export const INFORMATION_FIELDS = [
  'case',
  'specimen',
  'block',
  'glass',
  'organ',
  'diagnosis',
  'stain',
  'technique',
  'scanner',
  'collected',
] as const satisfies readonly InformationField[]

export interface RuleDraft {
  rule: RuleName
  on: boolean
  /** A day; empty: all material. */
  collectedFrom: string
  /** Of consent-version a version, of fractions a percentage. */
  atLeast: string
  /** Terms of the Data Use Ontology, separated by blanks or commas. */
  terms: string
  /** Names, separated by semicolons. */
  brokers: string
  fields: readonly InformationField[]
}

const EMPTY = { on: false, collectedFrom: '', atLeast: '', terms: '', brokers: '', fields: [] }

/** What each rule begins with when it is switched on. */
const BEGINNINGS: Partial<Record<RuleName, Partial<RuleDraft>>> = {
  'consent-version': { atLeast: '1' },
  'consent-scope': { terms: 'DUO:0000042' },
  'tumour-fraction': { atLeast: '30' },
  'normal-fraction': { atLeast: '30' },
  information: { fields: ['case', 'organ', 'diagnosis', 'stain', 'collected'] },
}

export const draftsOf = (rules: readonly SelectionRule[]): RuleDraft[] =>
  RULE_NAMES.map(name => {
    const rule = rules.find(one => one.rule === name)
    return { ...EMPTY, ...BEGINNINGS[name], rule: name, ...(rule && { on: true, ...textsOf(rule) }) }
  })

function textsOf(rule: SelectionRule): Partial<RuleDraft> {
  const from = 'collectedFrom' in rule ? { collectedFrom: rule.collectedFrom ?? '' } : {}
  switch (rule.rule) {
    case 'consent-version':
      return { ...from, atLeast: rule.atLeast }
    case 'consent-scope':
      return { ...from, terms: rule.terms.join(' ') }
    case 'vital-status':
      return { brokers: rule.brokers.join('; ') }
    case 'tumour-fraction':
    case 'normal-fraction':
      return { atLeast: percentText(rule.atLeast) }
    case 'information':
      return { fields: rule.fields }
    default:
      return from
  }
}

/** The rules that are switched on. What is no value of its kind is sent as it stands: the server says what is wrong. */
export const rulesOf = (drafts: readonly RuleDraft[]): SelectionRule[] => drafts.filter(({ on }) => on).map(ruleOf)

function ruleOf(draft: RuleDraft): SelectionRule {
  const { rule } = draft
  const from = draft.collectedFrom ? { collectedFrom: draft.collectedFrom } : {}
  switch (rule) {
    case 'consent-version':
      return { rule, atLeast: draft.atLeast.trim(), ...from }
    case 'consent-scope':
      return { rule, terms: wordsOf(draft.terms), ...from }
    case 'vital-status':
      return { rule, brokers: namesOf(draft.brokers) }
    case 'tumour-fraction':
    case 'normal-fraction':
      return { rule, atLeast: fractionOf(draft.atLeast) }
    case 'information':
      return { rule, fields: INFORMATION_FIELDS.filter(field => draft.fields.includes(field)) }
    default:
      return { rule, ...from }
  }
}

export const wordsOf = (text: string): string[] => text.split(/[\s,;|]+/).filter(Boolean)

const namesOf = (text: string): string[] =>
  text
    .split(';')
    .map(name => name.trim())
    .filter(Boolean)

/** `0.3` is 30 (percent), without the dust of binary fractions. */
export const percentText = (fraction: number): string => String(Number((fraction * 100).toFixed(4)))
export const fractionOf = (percent: string): number => Number((Number(percent) / 100).toFixed(6))
