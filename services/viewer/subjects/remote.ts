/** The subjects of a project, on the API. */
import type { Attestation, Consent } from '@coverslip/proto/api/selection-rules.ts'
import type { SubjectAnswer, SubjectDetails } from '@coverslip/proto/api/subjects.ts'
import { json, request } from '../api.ts'

export interface SubjectPage {
  subjects: SubjectAnswer[]
  nextCursor: string | null
}
export interface Asked {
  project: string
  /** As somebody typed it; empty: all. */
  pseudonym: string
  onlyHeld: boolean
  cursor: string | null
}

const PAGE = '50'

export const subjects = {
  list: ({ project, pseudonym, onlyHeld, cursor }: Asked) => {
    const query = new URLSearchParams({ project, limit: PAGE })
    if (pseudonym) query.set('pseudonym', pseudonym)
    if (onlyHeld) query.set('only', 'held')
    if (cursor) query.set('cursor', cursor)
    return json<SubjectPage>(`/api/subjects?${query}`)
  },
  one: (id: string) => json<SubjectDetails>(`/api/subjects/${id}`),
  setConsent: (id: string, consent: Consent) =>
    request(`/api/subjects/${id}/consent`, { method: 'PUT', json: consent }),
  attest: (id: string, { kind, ...said }: Attestation) =>
    request(`/api/subjects/${id}/attestations/${kind}`, { method: 'PUT', json: said }),
}
