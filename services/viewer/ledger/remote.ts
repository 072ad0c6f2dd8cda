/** The ledger and its look-ups, on the API. */
import type { identity, Lookup, ledgerState } from '@coverslip/proto/api/ledger.ts'
import type { z } from 'zod'
import { json } from '../api.ts'

export type LedgerState = z.infer<typeof ledgerState>
export type Identity = z.infer<typeof identity>
/** By what somebody is asked for. */
export type AskedBy = 'pseudonym' | 'slide' | 'subject'

const LOOKUPS = '/api/ledger/lookups'

export const ledger = {
  state: () => json<LedgerState>('/api/ledger'),
  /** Off forgets for good, so it says so. */
  switch: (on: boolean) =>
    json<LedgerState>('/api/ledger', { method: 'PUT', json: on ? { on } : { on, confirm: 'forget' } }),
  rotate: () => json<LedgerState>('/api/ledger/keys', { method: 'POST' }),
  lookups: (project: string) =>
    json<{ lookups: Lookup[] }>(`${LOOKUPS}?limit=1000`).then(({ lookups }) =>
      lookups.filter(lookup => lookup.project === project),
    ),
  ask: (project: string, by: AskedBy, what: string, reason: string) =>
    json<Lookup>(LOOKUPS, { method: 'POST', json: { project, reason, of: { [by]: what } } }),
  decide: (id: string, decision: 'approve' | 'refuse') =>
    json<Lookup>(`${LOOKUPS}/${id}/approval`, { method: 'POST', json: { decision } }),
  /** Each look at an answer is audited. */
  answer: (id: string) => json<Lookup & { answer: Identity | null }>(`${LOOKUPS}/${id}`),
}
