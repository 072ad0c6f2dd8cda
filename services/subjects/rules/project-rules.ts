/** The rules of a project: versions that are added and never changed. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { ProjectRules, SelectionRule } from '@coverslip/proto/api/selection-rules.ts'
import type { Queries, Trx } from '../store.ts'

/** A project without rules lets everything go on. */
export async function rulesOf(queries: Queries, project: string): Promise<ProjectRules> {
  const row = await queries
    .selectFrom('selection_rules')
    .selectAll()
    .where('project', '=', project)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) return { project, version: 0, rules: [], changedBy: null, changedAt: null }
  const { version, rules, changed_by: changedBy, changed_at: changedAt } = row
  return { project, version, rules, changedBy, changedAt: changedAt.toISOString() }
}

/**
 * Adds a version.
 * @param change.ifVersion the version that the change was made for; undefined: whatever is in force
 * @throws ServiceError `precondition-failed` when somebody else was faster
 */
export async function setRules(
  trx: Trx,
  change: { project: string; rules: readonly SelectionRule[]; ifVersion: number | undefined; user: string },
): Promise<ProjectRules> {
  const { project, rules, ifVersion, user } = change
  const { version } = await rulesOf(trx, project)
  const isStale = ifVersion !== undefined && ifVersion !== version
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('selection_rules')
    .values({ project, version: version + 1, rules: JSON.stringify(rules), changed_by: user, changed_at: new Date() })
    .onConflict(conflict => conflict.doNothing())
    .executeTakeFirstOrThrow()
  if (isStale || Number(numInsertedOrUpdatedRows) === 0) {
    throw new ServiceError('precondition-failed', 'Somebody else changed the rules; read them again')
  }
  return rulesOf(trx, project)
}
