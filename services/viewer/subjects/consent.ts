/** A consent as a form holds it; pure. */
import type { Consent } from '@coverslip/proto/api/selection-rules.ts'
import { wordsOf } from '../rules/draft.ts'

/** A permission: said, denied, or unknown. */
export type Said = 'yes' | 'no' | ''

export interface ConsentDraft {
  version: string
  date: string
  scope: string
  international: Said
  commercial: Said
}

const saidOf = (value: boolean | null): Said => (value === null ? '' : value ? 'yes' : 'no')
const permissionOf = (said: Said): boolean | null => (said === '' ? null : said === 'yes')

export const consentDraft = (consent: Consent | null): ConsentDraft => ({
  version: consent?.version ?? '',
  date: consent?.date ?? '',
  scope: consent?.scope?.join(' ') ?? '',
  international: saidOf(consent?.international ?? null),
  commercial: saidOf(consent?.commercial ?? null),
})

/** What is left empty is unknown. */
export const consentOf = ({ version, date, scope, international, commercial }: ConsentDraft): Consent => {
  const terms = wordsOf(scope)
  return {
    version: version.trim() || null,
    date: date || null,
    scope: terms.length > 0 ? terms : null,
    international: permissionOf(international),
    commercial: permissionOf(commercial),
  }
}
