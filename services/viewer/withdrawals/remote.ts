/** Withdrawals of consent, on the API. */
import type { Withdrawal, WithdrawalSummary } from '@coverslip/proto/api/ledger.ts'
import { json } from '../api.ts'

export interface WithdrawalPage {
  withdrawals: WithdrawalSummary[]
  nextCursor: string | null
}

export const withdrawals = {
  begin: (subject: string, reason: string) =>
    json<Withdrawal>(`/api/subjects/${subject}/withdrawal`, { method: 'POST', json: { reason } }),
  list: (project: string, cursor: string | null) =>
    json<WithdrawalPage>(
      `/api/withdrawals?${new URLSearchParams({ project, limit: '50', ...(cursor && { cursor }) })}`,
    ),
  one: (id: string) => json<Withdrawal>(`/api/withdrawals/${id}`),
  /** The withdrawal of a subject, when there is one. */
  of: (subject: string) =>
    json<WithdrawalPage>(`/api/withdrawals?subject=${subject}`).then(({ withdrawals: [first] }) => first ?? null),
}
