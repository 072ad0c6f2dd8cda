/** Selection rules in plain words; pure. */
import type { RuleName, SelectionRule } from '@coverslip/proto/api/selection-rules.ts'
import { percentText } from './draft.ts'

export const RULE_TITLES: Readonly<Record<RuleName, string>> = {
  consent: 'Consent',
  'consent-version': 'Version of the consent',
  'consent-scope': 'Scope of the consent',
  'international-use': 'International use',
  'commercial-use': 'Commercial use',
  'vital-status': 'Vital status',
  'tumour-fraction': 'Tumour fraction',
  'normal-fraction': 'Normal fraction',
  information: 'Information',
}

/** A day of the calendar as people write it. */
export const dayText = (day: string): string =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

const from = ({ collectedFrom }: { collectedFrom?: string | undefined }): string =>
  collectedFrom ? `, for material collected on ${dayText(collectedFrom)} or later` : ', for all material'

/** What a rule asks for. */
export function sayRule(rule: SelectionRule): string {
  switch (rule.rule) {
    case 'consent':
      return `There is a consent${from(rule)}`
    case 'consent-version':
      return `The consent is version ${rule.atLeast} or newer${from(rule)}`
    case 'consent-scope':
      return `The consent’s scope contains ${rule.terms.join(', ')}${from(rule)}`
    case 'international-use':
      return `The consent allows international use${from(rule)}`
    case 'commercial-use':
      return `The consent allows commercial use${from(rule)}`
    case 'vital-status':
      return `The vital status is attested by ${rule.brokers.length > 0 ? rule.brokers.join(' or ') : 'anybody who is named'}`
    case 'tumour-fraction':
      return `A person attests at least ${percentText(rule.atLeast)} % of tumour`
    case 'normal-fraction':
      return `A person attests at least ${percentText(rule.atLeast)} % of normal tissue`
    case 'information':
      return `It is known: ${rule.fields.join(', ')}`
  }
}
