import type { TestDeps } from '@coverslip/platform/testing/deps.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admit } from '../admit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { findSubject } from '../store.ts'
import { openSubjects } from '../testing.ts'
import { beginWithdrawal } from './begin.ts'
import { listWithdrawals } from './list.ts'

let opened: TestDeps<SubjectsDeps>
let deps: SubjectsDeps
beforeAll(async () => {
  opened = await openSubjects({ WITHDRAWAL_KEEPERS: 'ingest' })
  deps = opened.deps
})
afterAll(() => opened.close())

/** The withdrawal of a subject of one slide. */
async function withdrawn(project: string): Promise<{ id: string; subject: string }> {
  const coming = { slideId: crypto.randomUUID(), project, sourceName: `${crypto.randomUUID()}.svs`, format: 'aperio' }
  const { slide } = await deps.db.transaction(trx => admit(trx, deps.root, coming))
  const subject = (await findSubject(deps.db.query, slide.subject_id!))!
  const { id } = await beginWithdrawal(deps, { subject, reason: 'asked for', user: 'steward' })
  return { id, subject: subject.id }
}

test('withdrawals are listed newest first, page by page, of the projects and the subject that were asked for', async () => {
  const liver = [await withdrawn('liver'), await withdrawn('liver'), await withdrawn('liver')]
  const lung = await withdrawn('lung')
  const list = (asked: Partial<Parameters<typeof listWithdrawals>[1]>) =>
    listWithdrawals(deps.db.query, { projects: ['liver'], limit: 10, ...asked })

  const first = await list({ limit: 2 })
  const second = await list({ limit: 2, cursor: first.nextCursor! })
  const ids = [...first.withdrawals, ...second.withdrawals].map(({ id }) => id)
  expect(ids.slice().sort()).toEqual(liver.map(({ id }) => id).sort())
  expect(second.nextCursor).toBeNull()
  expect(first.withdrawals[0]).toMatchObject({ project: 'liver', state: 'erasing', slides: 1, doneAt: null })
  expect(first.withdrawals[0]!.requestedAt >= second.withdrawals[0]!.requestedAt).toBe(true)

  expect((await list({ subject: liver[1]!.subject })).withdrawals.map(({ id }) => id)).toEqual([liver[1]!.id])
  expect((await list({ subject: lung.subject })).withdrawals).toEqual([])
  expect((await list({ projects: ['*'] })).withdrawals).toHaveLength(4)
})
