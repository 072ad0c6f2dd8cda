/** Withdrawals of consent. */
import { unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import { uuid } from '@coverslip/proto/api.ts'
import type { SubjectsDeps } from '../deps.ts'
import { beginWithdrawal } from '../withdrawal/begin.ts'
import { listWithdrawals } from '../withdrawal/list.ts'
import { describeWithdrawal } from '../withdrawal/proof.ts'
import { projectsOfCall, subjectOfCall } from './permission.ts'

export const postWithdrawal =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const subject = await subjectOfCall(deps, call)
    const { reason } = call.body as { reason: string }
    const withdrawal = await beginWithdrawal(deps, { subject, reason, user: call.principal.userId })
    return { body: await describeWithdrawal(deps.db.query, withdrawal) }
  }

export const getWithdrawals =
  ({ db }: SubjectsDeps): HttpHandler =>
  async call => {
    const { limit, cursor, project, subject } = call.query as Record<string, string> & { limit: number }
    if (project) call.allow({ project })
    const projects = project ? [project] : projectsOfCall(call)
    return { body: await listWithdrawals(db.query, { projects, limit, cursor, subject }) }
  }

export const getWithdrawal =
  ({ db }: SubjectsDeps): HttpHandler =>
  async call => {
    const { id } = call.params
    const withdrawal = uuid.safeParse(id).success
      ? await db.query.selectFrom('withdrawals').selectAll().where('id', '=', id!).executeTakeFirst()
      : undefined
    if (!withdrawal) throw unknownThing()
    call.allow({ project: withdrawal.project })
    return { body: await describeWithdrawal(db.query, withdrawal) }
  }
