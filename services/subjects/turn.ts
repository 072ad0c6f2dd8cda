/**
 * Taking turns in a project: what hangs slides on subjects runs beside its like, what moves or erases subjects runs alone.
 * Taken at the beginning of a transaction, so that no slide slips past a withdrawal and nobody waits in a circle.
 */
import { sql } from 'kysely'
import type { Trx } from './store.ts'

/** Until the transaction ends no subject of the project is moved or erased. */
export async function beside(trx: Trx, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtext('coverslip subjects'), hashtext(${project}))`.execute(trx)
}

/** Until the transaction ends nobody else works on subjects of the project. */
export async function alone(trx: Trx, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('coverslip subjects'), hashtext(${project}))`.execute(trx)
}
