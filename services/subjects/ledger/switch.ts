/** Whether the ledger is kept, and what is not possible without it. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Queries, Trx } from '../store.ts'

/** Said before the switch, and for as long as it is off. */
export const IMPOSSIBLE_WITHOUT_LEDGER = [
  'Nobody can find out any more which person a released slide is of, not even for the good of that person',
  'A withdrawal of consent reaches released slides only where somebody knows the pseudonym',
  'Files that come late (annotations, further slides of a subject) are not matched with what was released before',
]

export async function isLedgerOn(queries: Queries): Promise<boolean> {
  const { is_on } = await queries.selectFrom('ledger').select('is_on').executeTakeFirstOrThrow()
  return is_on
}

/**
 * @param wanted.confirmed whether whoever switches it off has read what that makes impossible
 * @throws ServiceError `conflict` that says it, before anything is forgotten
 */
export async function switchLedger(
  trx: Trx,
  wanted: { on: boolean; confirmed: boolean; user: string },
): Promise<{ changed: boolean }> {
  const before = await trx.selectFrom('ledger').select('is_on').forUpdate().executeTakeFirstOrThrow()
  if (before.is_on === wanted.on) return { changed: false }
  if (!wanted.on && !wanted.confirmed) {
    throw new ServiceError('conflict', 'Without the ledger much becomes impossible; send confirm: "forget" to go on', {
      details: IMPOSSIBLE_WITHOUT_LEDGER,
    })
  }
  await trx.updateTable('ledger').set({ is_on: wanted.on, changed_by: wanted.user, changed_at: new Date() }).execute()
  return { changed: true }
}
