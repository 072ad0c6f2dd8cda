import { createHash, randomUUID } from 'node:crypto'
import { readAudit } from '@coverslip/platform/audit/read.ts'
import type { TestDeps } from '@coverslip/platform/testing/deps.ts'
import type { SlideErased } from '@coverslip/proto/gen/events/v1/events.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admit } from '../admit.ts'
import { checkAudit } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { requestLookup } from '../ledger/lookup.ts'
import { onDeidentified } from '../ledger/released.ts'
import { switchLedger } from '../ledger/switch.ts'
import { readManifest } from '../manifest/read.ts'
import { saveRefused } from '../manifest/refused.ts'
import { takeLines } from '../manifest/take.ts'
import { findSubject } from '../store.ts'
import { databaseText, openSubjects } from '../testing.ts'
import { beginWithdrawal } from './begin.ts'
import { describeWithdrawal } from './proof.ts'
import { onDeleted, onErased } from './receipts.ts'

const KEEPERS = ['ingest', 'tiles']
const project = 'liver'
let opened: TestDeps<SubjectsDeps>
let deps: SubjectsDeps
beforeAll(async () => {
  opened = await openSubjects({ WITHDRAWAL_KEEPERS: 'ingest, tiles@cloud' })
  deps = opened.deps
})
afterAll(() => opened.close())

const take = (...lines: string[]) => {
  const read = readManifest(Buffer.from(['file,subject', ...lines].join('\n')), {
    maxLines: 100,
    vocabulary: deps.vocabulary,
  })
  const said = read.lines.map(line => line.said)
  return deps.db.transaction(trx => takeLines(trx, deps.root, said, { project, user: 'steward', manifest: 1 }))
}
const arrive = (sourceName: string, slideId: string = randomUUID()) =>
  deps.db.transaction(trx => admit(trx, deps.root, { slideId, project, sourceName, format: 'aperio' }))
const receipt = (slideId: string, service: string, more: Partial<SlideErased> = {}): SlideErased => ({
  slideId,
  service,
  site: service === 'tiles' ? 'cloud' : 'onprem',
  objects: 2n,
  rows: 1n,
  bytes: 1000n,
  at: new Date().toISOString(),
  downloads: [],
  ...more,
})
const erased = (message: SlideErased) => onErased(deps).handle(message)
const withdraw = async (subjectId: string) => {
  const subject = (await findSubject(deps.db.query, subjectId))!
  return beginWithdrawal(deps, { subject, reason: 'the subject asked for it', user: 'steward' })
}
const shown = async (id: string) =>
  describeWithdrawal(
    deps.db.query,
    await deps.db.query.selectFrom('withdrawals').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  )
const told = async () =>
  (await opened.events()).flatMap(({ name, message }) => (name === 'slides.deleted' ? [message] : []))

test('every slide is erased, every keeper answers, then the subject is shredded and the proof closed', async () => {
  await take('a.svs,Kim-7', 'b.svs,Kim-7', 'other.svs,Lee-8')
  const [a, b, other] = [
    (await arrive('a.svs')).slide,
    (await arrive('b.svs')).slide,
    (await arrive('other.svs')).slide,
  ]
  const release = { name: 'LIV-1', scheme: 'x', owner: 'r', at: new Date().toISOString() }
  await onDeidentified(deps).handle({ slideId: a.slide_id, release } as never)
  const { id } = await withdraw(a.subject_id!)
  expect((await withdraw(a.subject_id!)).id).toBe(id)
  expect((await told()).map(({ slideId, reason }) => `${slideId} ${reason}`).sort()).toEqual(
    [a, b].map(({ slide_id }) => `${slide_id} withdrawn`).sort(),
  )
  expect(await shown(id)).toMatchObject({ state: 'erasing', proof: null, keepers: ['ingest@onprem', 'tiles@cloud'] })

  const taken = { userId: 'reader', what: 'pyramid', at: '2026-01-01T00:00:00Z' }
  await erased(receipt(a.slide_id, 'ingest'))
  await erased(receipt(a.slide_id, 'tiles', { downloads: [taken] }))
  // Twice, and with nothing left: the first one counts.
  await erased(receipt(a.slide_id, 'tiles', { objects: 0n, downloads: [] }))
  await erased(receipt(b.slide_id, 'tiles'))
  expect((await shown(id)).slides.find(slide => slide.id === b.slide_id)!.waitingFor).toEqual(['ingest@onprem'])
  // Of the right service, but at a site that nobody waits for.
  await erased(receipt(b.slide_id, 'ingest', { site: 'cloud' }))
  expect((await shown(id)).state).toBe('erasing')
  await erased(receipt(b.slide_id, 'ingest'))

  const { proof, ...document } = await shown(id)
  expect(document).toMatchObject({
    state: 'done',
    seconds: expect.any(Number),
    downloads: [{ slide: a.slide_id, name: 'LIV-1', user: 'reader', what: 'pyramid' }],
    slides: expect.arrayContaining([
      expect.objectContaining({
        id: a.slide_id,
        waitingFor: [],
        erased: expect.arrayContaining([expect.objectContaining({ keeper: 'tiles@cloud', objects: 2, bytes: 1000 })]),
      }),
    ]),
  })
  expect(proof!.hash).toBe(createHash('sha256').update(JSON.stringify(document)).digest('hex'))
  const [entry] = await readAudit(deps.db.query, { after: proof!.auditEntry - 1, limit: 1, projects: ['*'] })
  expect(entry!.what).toMatchObject({ withdrawal: id, proof: proof!.hash })
  // A receipt that comes after the end does not change a closed proof.
  await erased(receipt(a.slide_id, 'pyramid'))
  expect((await shown(id)).proof).toEqual(proof)

  expect(await findSubject(deps.db.query, a.subject_id!)).toMatchObject({ state: 'withdrawn' })
  const keys = await deps.db.query.selectFrom('subject_keys').select('subject_id').execute()
  expect(keys.map(({ subject_id }) => subject_id)).toEqual([other.subject_id])
  expect(await databaseText(deps)).not.toMatch(/Kim-7|a\.svs|b\.svs/)
})

test('what comes of the subject later is held, named by the rule: the same files, new ones, and a manifest', async () => {
  expect((await arrive('A.SVS')).heldBy).toEqual(['withdrawn: the subject has withdrawn their consent'])
  expect(await take('c.svs,kim-7', 'other.svs,Lee-8')).toEqual(['withdrawn', 'unchanged'])
  expect((await arrive('c.svs')).admitted).toBe(false)
  expect((await arrive('d.svs')).admitted).toBe(true)
  expect(await databaseText(deps)).not.toMatch(/kim-7|c\.svs/i)
})

test('a slide that no manifest names can be withdrawn, and its file is known afterwards', async () => {
  const { slide } = await arrive('nameless.svs')
  const { id } = await withdraw(slide.subject_id!)
  for (const keeper of KEEPERS) await erased(receipt(slide.slide_id, keeper))
  expect((await shown(id)).state).toBe('done')
  expect((await arrive('nameless.svs')).heldBy[0]).toMatch(/^withdrawn/)
})

test('asked for twice at once it is begun once, and told once', async () => {
  await take('twice.svs,Yun-6')
  const { slide } = await arrive('twice.svs')
  const before = (await told()).length
  const begun = await Promise.all([withdraw(slide.subject_id!), withdraw(slide.subject_id!)])
  expect(new Set(begun.map(({ id }) => id)).size).toBe(1)
  expect((await told()).length).toBe(before + 1)
})

test('says what is held when it comes later, and that this is less where the ledger is off', async () => {
  await take('on.svs,Ahn-1', 'on-2.svs,Ahn-1', 'off.svs,Cha-1')
  const [on, off] = [(await arrive('on.svs')).slide, (await arrive('off.svs')).slide]
  const known = await withdraw(on.subject_id!)
  expect((await shown(known.id)).heldLater).toEqual({ subject: true, files: 2 })
  for (const keeper of KEEPERS) await erased(receipt(on.slide_id, keeper))
  expect(await shown(known.id)).toMatchObject({ state: 'done', heldLater: { subject: true, files: 2 } })

  await deps.db.transaction(trx => switchLedger(trx, { on: false, confirmed: true, user: 'owner' }))
  const release = { name: 'LIV-9', scheme: 'x', owner: 'r', at: new Date().toISOString() }
  await onDeidentified(deps).handle({ slideId: off.slide_id, release } as never)
  const forgotten = await withdraw(off.subject_id!)
  for (const keeper of KEEPERS) await erased(receipt(off.slide_id, keeper))
  expect(await shown(forgotten.id)).toMatchObject({ state: 'done', heldLater: { subject: false, files: 0 } })
  expect((await arrive('off.svs')).admitted).toBe(true)
  await deps.db.transaction(trx => switchLedger(trx, { on: true, confirmed: true, user: 'owner' }))
  // Whoever had withdrawn before is known all the same.
  expect((await arrive('on-2.svs')).heldBy).toEqual(['withdrawn: the subject has withdrawn their consent'])
})

test('a slide that was deleted before counts with the receipts of then', async () => {
  const { slide } = await arrive('gone.svs')
  await onDeleted(deps).handle({ slideId: slide.slide_id, reason: 'deleted' })
  for (const keeper of KEEPERS) await erased(receipt(slide.slide_id, keeper))
  const { id, done_at } = await withdraw(slide.subject_id!)
  expect(done_at).not.toBeNull()
  expect((await shown(id)).slides).toEqual([expect.objectContaining({ id: slide.slide_id, waitingFor: [] })])
})

test('a withdrawn slide cannot be admitted again, and a deleted one keeps no name', async () => {
  const { slide } = await arrive('once.svs')
  await onDeleted(deps).handle({ slideId: slide.slide_id, reason: 'deleted' })
  await expect(arrive('once.svs', slide.slide_id)).rejects.toMatchObject({ code: 'not-found' })
  const row = await deps.db.query
    .selectFrom('slides')
    .selectAll()
    .where('slide_id', '=', slide.slide_id)
    .executeTakeFirstOrThrow()
  expect(row).toMatchObject({ state: 'gone', sealed_name: null, name_fingerprint: null })
})

test('a subject without slides is forgotten at once', async () => {
  await take('never-came.svs,Yoon-1')
  const [subject] = await deps.db.query.selectFrom('subjects').select('id').orderBy('created_at', 'desc').execute()
  expect((await withdraw(subject!.id)).done_at).not.toBeNull()
  expect((await arrive('never-came.svs')).admitted).toBe(false)
})

test('why somebody was looked up goes with them; who looked, and when, stays', async () => {
  await take('asked.svs,Moon-3')
  const { slide } = await arrive('asked.svs')
  const reason = 'Moon Chae-won has a finding'
  const asked = { project, asked: { slide: slide.slide_id }, reason, user: 'asker' }
  const lookup = await deps.db.transaction(trx => requestLookup(trx, deps.root, asked))
  expect(await databaseText(deps)).toContain('Chae-won')
  const { id } = await withdraw(slide.subject_id!)
  for (const keeper of KEEPERS) await erased(receipt(slide.slide_id, keeper))
  expect((await shown(id)).state).toBe('done')
  expect(await databaseText(deps)).not.toMatch(/Chae-won|Moon-3/)
  const entries = await readAudit(deps.db.query, { projects: [project], thing: slide.subject_id! })
  expect(entries).toMatchObject([
    { actor: 'asker', action: 'ledger.lookup-requested', what: { lookup: lookup.id }, words: null },
    { action: 'audit.words-erased' },
  ])
  expect(await checkAudit(deps.db.query, deps.root)).toMatchObject({ broken: null })
})

test('a line that was refused is not spoken of beside the withdrawal', async () => {
  await take('bad.svs,Bae-2')
  const { slide } = await arrive('bad.svs')
  const { id } = await withdraw(slide.subject_id!)
  for (const keeper of KEEPERS) await erased(receipt(slide.slide_id, keeper))
  expect((await shown(id)).state).toBe('done')
  const refused = [{ line: 2, reason: 'organ: expected a code of the vocabulary', file: 'bad.svs' }]
  await deps.db.transaction(trx => saveRefused(trx, deps.root, refused, { project, manifest: 9 }))
  expect((await arrive('bad.svs')).heldBy).toEqual(['withdrawn: the subject has withdrawn their consent'])
})
