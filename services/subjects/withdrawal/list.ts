/** Withdrawals as they are listed: whoever left the page of one finds its proof again. */
import { readCursor, toPage } from '@coverslip/platform/paging.ts'
import type { WithdrawalSummary } from '@coverslip/proto/api/ledger.ts'
import type { Queries } from '../store.ts'

interface Asked {
  /** At least one; `*`: all. */
  projects: readonly string[]
  limit: number
  cursor?: string | undefined
  /** Id of one subject. */
  subject?: string | undefined
}

/** Newest first. @throws ServiceError `invalid` for a cursor that this function did not make */
export async function listWithdrawals(
  queries: Queries,
  { projects, limit, cursor, subject }: Asked,
): Promise<{ withdrawals: WithdrawalSummary[]; nextCursor: string | null }> {
  let query = queries
    .selectFrom('withdrawals')
    .innerJoin('subjects', 'subjects.id', 'withdrawals.subject_id')
    .selectAll('withdrawals')
    .select('subjects.pseudonym')
    .select(eb =>
      eb
        .selectFrom('withdrawal_slides')
        .select(({ fn }) => fn.countAll<number>().as('slides'))
        .whereRef('withdrawal_slides.withdrawal_id', '=', 'withdrawals.id')
        .as('slides'),
    )
    .orderBy('requested_at', 'desc')
    .orderBy('withdrawals.id', 'desc')
    .limit(limit + 1)
  if (!projects.includes('*')) query = query.where('withdrawals.project', 'in', projects)
  if (subject !== undefined) query = query.where('subject_id', '=', subject)
  if (cursor !== undefined) {
    const { at, id } = readCursor(cursor)
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('requested_at', 'withdrawals.id'), '<', tuple(at, id)))
  }
  const positionOf = (row: { requested_at: Date; id: string }) => ({ at: row.requested_at, id: row.id })
  const { page, nextCursor } = toPage(await query.execute(), limit, positionOf)
  const withdrawals = page.map(row => ({
    id: row.id,
    project: row.project,
    subject: row.pseudonym,
    state: row.done_at ? ('done' as const) : ('erasing' as const),
    requestedBy: row.requested_by,
    requestedAt: row.requested_at.toISOString(),
    doneAt: row.done_at?.toISOString() ?? null,
    slides: Number(row.slides),
  }))
  return { withdrawals, nextCursor }
}
