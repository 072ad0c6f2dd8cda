import { consent } from '@coverslip/proto/api/selection-rules.ts'
import { describe, expect, it } from 'vitest'
import { consentDraft, consentOf } from './consent.ts'

const KNOWN = { version: '2.1', date: '2024-06-01', scope: ['DUO:0000042'], international: true, commercial: false }

describe('a consent as a form', () => {
  it('comes out as it went in', () => {
    expect(consentOf(consentDraft(KNOWN))).toEqual(KNOWN)
  })
  it('is unknown where nothing is said, which is not the same as denied', () => {
    const unknown = { version: null, date: null, scope: null, international: null, commercial: null }
    expect(consentOf(consentDraft(null))).toEqual(unknown)
    expect(consent.parse(consentOf({ ...consentDraft(null), commercial: 'no' }))).toEqual({
      ...unknown,
      commercial: false,
    })
  })
})
