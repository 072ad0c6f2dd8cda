/** Whether a slide may go on: pure. What is unknown holds it, and the rule that holds it is named. */
import type { RuleName, SelectionRule } from '@coverslip/proto/api/selection-rules.ts'
import type { Facts, Fraction } from './facts.ts'

export interface HeldBy {
  rule: RuleName | 'withdrawn'
  /** In plain words; quotes no value of the slide. */
  why: string
}

const WITHDRAWN: HeldBy = { rule: 'withdrawn', why: 'the subject has withdrawn their consent' }

export interface Verdict {
  admitted: boolean
  heldBy: HeldBy[]
}

/** Why the facts do not meet a rule; undefined when they do. */
type Checks = { [Name in RuleName]: (rule: Extract<SelectionRule, { rule: Name }>, facts: Facts) => string | undefined }

const checks: Checks = {
  consent: (rule, facts) =>
    ofConsent(rule, facts, ({ version, date }) =>
      version !== null || date !== null ? undefined : 'neither its version nor its date is known',
    ),
  'consent-version': (rule, facts) =>
    ofConsent(rule, facts, ({ version }) => {
      if (version === null) return 'the version of the consent is unknown'
      return compareVersions(version, rule.atLeast) >= 0 ? undefined : `its version is older than ${rule.atLeast}`
    }),
  'consent-scope': (rule, facts) =>
    ofConsent(rule, facts, ({ scope }) => {
      if (scope === null) return 'the scope of the consent is unknown'
      const missing = rule.terms.filter(term => !scope.includes(term))
      return missing.length === 0 ? undefined : `its scope does not contain ${missing.join(', ')}`
    }),
  'international-use': (rule, facts) =>
    ofConsent(rule, facts, ({ international }) => permission(international, 'international use')),
  'commercial-use': (rule, facts) =>
    ofConsent(rule, facts, ({ commercial }) => permission(commercial, 'commercial use')),
  'vital-status': ({ brokers }, { vitalStatus }) => {
    if (vitalStatus === null) return 'no broker has attested the vital status'
    const isNamed = brokers.length === 0 || brokers.includes(vitalStatus.broker)
    return isNamed ? undefined : 'the vital status was attested by somebody whom the rules do not name'
  },
  'tumour-fraction': ({ atLeast }, { tumourFraction }) => ofFraction('tumour', tumourFraction, atLeast),
  'normal-fraction': ({ atLeast }, { normalFraction }) => ofFraction('normal', normalFraction, atLeast),
  information: ({ fields }, facts) => {
    const missing = fields.filter(field => !isKnown(field, facts))
    return missing.length === 0 ? undefined : `not known: ${missing.join(', ')}`
  },
}

/**
 * @param rules of the project; none: everything is admitted
 * @returns every rule that is not met, in the order of the rules; for a subject who has withdrawn, that alone
 */
export function evaluate(rules: readonly SelectionRule[], facts: Facts): Verdict {
  // Nothing that somebody could still supply would let it go on.
  if (facts.withdrawn) return { admitted: false, heldBy: [WITHDRAWN] }
  const heldBy = rules.flatMap((rule): HeldBy[] => {
    const why = (checks[rule.rule] as (rule: SelectionRule, facts: Facts) => string | undefined)(rule, facts)
    return why === undefined ? [] : [{ rule: rule.rule, why }]
  })
  return { admitted: heldBy.length === 0, heldBy }
}

/** `tumour-fraction: it is unknown` */
export const sayHeldBy = ({ rule, why }: HeldBy): string => `${rule}: ${why}`

/** Material from before the day a rule begins needs no consent; with an unknown day it may be from after. */
function ofConsent(
  { collectedFrom }: { collectedFrom?: string | undefined },
  { collected, consent }: Facts,
  check: (consent: NonNullable<Facts['consent']>) => string | undefined,
): string | undefined {
  if (collectedFrom !== undefined && collected !== null && collected < collectedFrom) return undefined
  const unmet = consent === null ? 'there is no consent' : check(consent)
  if (unmet === undefined) return undefined
  const isUnsure = collectedFrom !== undefined && collected === null
  return isUnsure ? `${unmet}, and it is unknown whether the material is from before ${collectedFrom}` : unmet
}

function permission(given: boolean | null, what: string): string | undefined {
  if (given === null) return `it is unknown whether the consent allows ${what}`
  return given ? undefined : `the consent does not allow ${what}`
}

function ofFraction(what: string, fraction: Fraction | null, atLeast: number): string | undefined {
  if (fraction === null) return `the ${what} fraction is unknown`
  if (!fraction.attested) return `nobody has attested the ${what} fraction`
  return fraction.value >= atLeast ? undefined : `the ${what} fraction is below ${Math.round(atLeast * 100)} %`
}

function isKnown(field: Extract<SelectionRule, { rule: 'information' }>['fields'][number], facts: Facts): boolean {
  if (field === 'collected') return facts.collected !== null
  if (field === 'case' || field === 'specimen' || field === 'block' || field === 'glass') return facts.pieces[field]
  return facts.material[field] !== ''
}

/** Number by number; `2.1` is newer than `2`, `2.0` is not. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(version => version.split('.').map(Number)) as [number[], number[]]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
