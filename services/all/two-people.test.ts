/** A look-up of the ledger wants two people: what somebody who owns everything can do alone, and what not. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lookup } from '@coverslip/proto/api/ledger.ts'
import { subjects } from '@coverslip/subjects/module.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startGateway, type TestGateway } from './testing/gateway.ts'

const PROJECT = 'liver'
let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ LEDGER_PERSON_AGE: '0s' }, [subjects])
  const body = 'file,subject\na.svs,Kim Gildong'
  const answer = await gateway.system.fetch(`/api/manifests?project=${PROJECT}`, { method: 'POST', body })
  expect(answer.status).toBe(200)
})
afterAll(() => gateway?.stop())

const steward = (name: string) => ({ email: `${name}@example.org`, role: 'steward', project: PROJECT })
/** Signed in by the link that the owner was given for the account. */
const byGivenLink = async (name: string) => (await gateway.signIn(steward(name))).session

const codes = async () =>
  [...(await readFile(join(gateway.system.data, 'log.jsonl'), 'utf8')).matchAll(/sign-in#([\w-]+)/g)].map(
    ([, code]) => code!,
  )

/** Signed in by a link to their own address; without a mail server that is for the operator to pass on. */
async function byOwnLink(name: string): Promise<string> {
  const before = (await codes()).length
  expect((await gateway.send('POST', '/api/sign-in-links', { email: steward(name).email }, null)).status).toBe(202)
  await expect.poll(async () => (await codes()).length, { timeout: 10_000 }).toBe(before + 1)
  const answer = await gateway.send('POST', '/api/session', { code: (await codes()).at(-1) }, null)
  return /coverslip_session=([^;]+)/.exec(answer.headers.get('set-cookie')!)![1]!
}

const ask = (token?: string) =>
  gateway.send(
    'POST',
    '/api/ledger/lookups',
    { project: PROJECT, reason: 'a finding', of: { subject: 'kim gildong' } },
    token,
  )
const approve = (id: string, token?: string) =>
  gateway.send('POST', `/api/ledger/lookups/${id}/approval`, { decision: 'approve' }, token)
const see = (id: string, token?: string) => gateway.get(`/api/ledger/lookups/${id}`, token)

it('is not asked for with the token of a file, nor by an account whose link the owner had in hand', async () => {
  expect((await ask()).status).toBe(403)
  const minted = await byGivenLink('minted')
  const refused = await ask(minted)
  expect(refused.status).toBe(403)
  expect(((await refused.json()) as { detail: string }).detail).toContain('link of their own')
  // An API token that is made with it is no better.
  const made = await gateway.send('POST', '/api/tokens', { label: 'x' }, minted)
  expect((await ask(((await made.json()) as { token: string }).token)).status).toBe(403)
})

it('is agreed to by somebody else who came by themselves, and read by whoever asked', async () => {
  await gateway.invite(steward('asker'))
  const asker = await byOwnLink('asker')
  const { id } = (await (await ask(asker)).json()) as Lookup
  expect((await approve(id, await byGivenLink('second'))).status).toBe(403)
  expect((await approve(id)).status).toBe(403)
  expect((await approve(id, asker)).status).toBe(403)
  expect((await approve(id, await byOwnLink('second'))).status).toBe(200)

  // The owner may hold a link to the asker's account, and still sees that there was a look-up, not its answer.
  const impostor = await byGivenLink('asker')
  expect((await see(id, impostor)).status).toBe(403)
  expect(await (await see(id)).json()).toMatchObject({ state: 'approved', answer: null })
  expect(await (await see(id, asker)).json()).toMatchObject({ answer: { names: ['Kim Gildong'] } })
})
