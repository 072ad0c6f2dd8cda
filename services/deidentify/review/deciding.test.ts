/** A slide before a person, from its result to its release: duplicates, reordering and deaths at every step. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import type { SlideReceived } from '@coverslip/proto/gen/events/v1/events.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { config } from '../config.ts'
import { migrations } from '../migrations/index.ts'
import { forgetOldNames, wasGiven } from '../naming/gone-name.ts'
import { findRelease } from '../naming/store.ts'
import { type DeidentifyDeps, onDeleted, onReceived } from '../received.ts'
import { reportKeysOf } from '../report/signature.ts'
import { findSlide } from '../store.ts'
import { eventContext, nothingKnown, receivedSlide } from '../testing.ts'
import { adoptFormerAudit, firstBrokenEntry, historyOf, listAudit } from './audit.ts'
import { decide, finishRejections, releaseWaiting } from './deciding.ts'
import { recordSetting, saveGate } from './gate.ts'
import { imagesOf, recordLook } from './looks.ts'
import { askRedaction, onRedactionWanted } from './redacting.ts'
import { findReview } from './store.ts'

const NOBODY = { subject: '', case: '', specimen: '', block: '', glass: '' }
let folder: string
let test: TestDeps<DeidentifyDeps>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-review-'))
  await writeSyntheticSlide(join(folder, 'slide.svs'), { width: 700, height: 500, workers: 1 })
  test = await openTestDeps<DeidentifyDeps>({ name: 'deidentify', config, migrations, rpc: nothingKnown })
})
afterAll(async () => {
  await test?.close()
  await rm(folder, { recursive: true, force: true })
})

const eventsOf = async (slideId: string) =>
  (await test.events()).filter(({ message }) => 'slideId' in message && message.slideId === slideId)
const namesOf = async (slideId: string) => (await eventsOf(slideId)).map(({ name }) => name)
const stored = async (prefix: string) => {
  const keys: string[] = []
  for await (const { key } of test.deps.objects.original.list(prefix)) keys.push(key)
  return keys
}

/** A result and the report on it. */
const filesOf = (prefix: string) =>
  ['deidentification.html', 'deidentification.json', 'original.svs'].map(name => `${prefix}/${name}`)

/** A slide that waits for a person. */
async function waiting(given: Partial<SlideReceived> = {}): Promise<SlideReceived> {
  const message = await receivedSlide(test.data, join(folder, 'slide.svs'), given)
  await onReceived(test.deps).handle(message, eventContext())
  return message
}

/** Is shown all pictures of the revision that waits. */
async function look(slideId: string, who = 'rosa'): Promise<void> {
  const review = await findReview(test.deps.db.query, slideId)
  for (const image of review ? imagesOf(review) : []) await recordLook(test.deps.db.query, review!, image, who)
}
async function approve(slideId: string, who = 'rosa', revision = 1) {
  await look(slideId, who)
  return decide(test.deps, slideId, { revision, decision: 'approve' }, who)
}
const reject = (slideId: string, who = 'rosa') =>
  decide(test.deps, slideId, { revision: 1, decision: 'reject', reason: 'handwriting' }, who)
const redact = async (slideId: string, revision = 1) => {
  const regions = [{ x: 10, y: 20, width: 5000, height: 40 }]
  await askRedaction(test.deps, slideId, { revision, regions }, 'rosa')
  await onRedactionWanted(test.deps).handle({ slideId, revision }, eventContext())
}

describe('a proven result', () => {
  it('waits for a person; nobody else hears of it', async () => {
    const message = await waiting({ researchNumber: 'R-7QK2M4ZD' })
    await onReceived(test.deps).handle(message, eventContext())
    expect(await namesOf(message.slideId)).toEqual(['slides.review_wanted'])
    const review = await findReview(test.deps.db.query, message.slideId)
    expect(review).toMatchObject({ state: 'waiting', revision: 1, research_number: 'R-7QK2M4ZD' })
  })

  it('is released by the approval, once, under a random name, and its research number is forgotten', async () => {
    const { slideId } = await waiting({ researchNumber: 'R-00000000' })
    const first = await approve(slideId)
    const again = await approve(slideId, 'carl')
    expect(again.release_name).toBe(first.release_name)
    expect(again).toMatchObject({ state: 'approved', decided_by: 'rosa', research_number: null, received: null })
    const released = (await eventsOf(slideId)).filter(({ name }) => name === 'slides.deidentified')
    expect(released).toHaveLength(1)
    expect(released[0]!.message).toMatchObject({
      revision: 1,
      project: 'default',
      file: { key: `${slideId}/1/original.svs` },
      geometry: { width: 700, height: 500 },
      sourceBytes: 1n,
      release: { name: first.release_name, scheme: 'C1/0', owner: 'rosa' },
      reportJson: (await findSlide(test.deps.db.query, slideId))!.report,
    })
    expect(JSON.stringify(await findReview(test.deps.db.query, slideId))).not.toContain('R-00000000')
    expect((await findSlide(test.deps.db.query, slideId))?.state).toBe('done')
  })

  it('is approved by nobody who was not shown all of its pictures', async () => {
    const { slideId } = await waiting()
    const decided = (who: string, revision = 1) => decide(test.deps, slideId, { revision, decision: 'approve' }, who)
    const refused = { code: 'conflict', publicMessage: expect.stringContaining('label before, macro before') }
    await expect(decided('rosa')).rejects.toMatchObject(refused)
    await look(slideId, 'carl')
    await expect(decided('rosa')).rejects.toMatchObject(refused)
    await redact(slideId)
    // Another revision, other pictures.
    await expect(decided('carl', 2)).rejects.toMatchObject(refused)
    await look(slideId, 'carl')
    expect(await decided('carl', 2)).toMatchObject({ state: 'approved' })
    const left = await test.deps.db.query.selectFrom('looks').selectAll().where('slide_id', '=', slideId).execute()
    expect(new Set(left.map(({ who, revision }) => `${who} ${revision}`))).toEqual(new Set(['carl 1', 'carl 2']))
  })

  it('is removed by a rejection; the source stays, and the words of the reviewer do not travel', async () => {
    const { slideId, sourceKeys } = await waiting()
    await reject(slideId)
    await reject(slideId)
    expect(await namesOf(slideId)).toEqual(['slides.review_wanted', 'slides.failed'])
    const [, failed] = await eventsOf(slideId)
    expect(failed!.message).toMatchObject({ code: 'rejected', stage: 'deidentifying', revision: 1 })
    expect(JSON.stringify(failed!.message)).not.toContain('handwriting')
    expect(await stored(slideId)).toEqual([])
    expect(await test.deps.objects.source.head(sourceKeys[0]!)).toBeDefined()
    await expect(approve(slideId)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('is removed at the next start when the process died right after the rejection was saved', async () => {
    const { slideId } = await waiting()
    const broken = {
      ...test.deps,
      objects: {
        ...test.deps.objects,
        original: { ...test.deps.objects.original, deletePrefix: () => Promise.reject(new Error('killed')) },
      },
    }
    await expect(decide(broken, slideId, { revision: 1, decision: 'reject' }, 'rosa')).rejects.toThrow('killed')
    expect(await stored(slideId)).toHaveLength(3)
    await finishRejections(test.deps)
    expect(await stored(slideId)).toEqual([])
  })

  it('stays as it was when the process dies between the approval and its event', async () => {
    const { slideId } = await waiting()
    const broken = { ...test.deps, publish: () => Promise.reject(new Error('killed')) }
    await look(slideId)
    await expect(decide(broken, slideId, { revision: 1, decision: 'approve' }, 'rosa')).rejects.toThrow('killed')
    expect(await findReview(test.deps.db.query, slideId)).toMatchObject({ state: 'waiting', decided_by: null })
    expect((await historyOf(test.deps.db.query, slideId)).map(({ what }) => what)).toEqual([])
    expect((await approve(slideId)).release_name).toMatch(/^C1-/)
    expect(await namesOf(slideId)).toEqual(['slides.review_wanted', 'slides.deidentified'])
  })

  it('gets one decision when two reviewers decide at once', async () => {
    const { slideId } = await waiting()
    const outcomes = await Promise.allSettled([approve(slideId, 'rosa'), reject(slideId, 'carl')])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await namesOf(slideId)).toHaveLength(2)
    expect(await historyOf(test.deps.db.query, slideId)).toHaveLength(1)
  })

  it('is forgotten when it is deleted; its decision then has no thing to decide on', async () => {
    const { slideId } = await waiting()
    await onDeleted(test.deps).handle({ slideId, reason: 'withdrawn' }, eventContext())
    await expect(approve(slideId)).rejects.toMatchObject({ code: 'not-found' })
    expect(await stored(slideId)).toEqual([])
  })
})

describe('a redaction', () => {
  it('makes the next revision, which waits again; the old one can no longer be decided on', async () => {
    const { slideId } = await waiting()
    await redact(slideId)
    const review = await findReview(test.deps.db.query, slideId)
    expect(review).toMatchObject({ state: 'waiting', revision: 2 })
    expect(JSON.parse(review!.redacted)).toEqual([{ x: 10, y: 20, width: 690, height: 40 }])
    expect(await stored(slideId)).toEqual(filesOf(`${slideId}/2`))
    await expect(approve(slideId)).rejects.toMatchObject({ code: 'conflict' })
    await approve(slideId, 'rosa', 2)
    expect(await namesOf(slideId)).toEqual([
      'slides.review_wanted',
      'slides.redaction_wanted',
      'slides.review_wanted',
      'slides.deidentified',
    ])
  })

  it('is made once however often its event comes, and cleans up after an attempt that died', async () => {
    const { slideId } = await waiting()
    await redact(slideId)
    await test.deps.objects.original.put(`${slideId}/1/original.svs`, Buffer.from('left behind'))
    await onRedactionWanted(test.deps).handle({ slideId, revision: 1 }, eventContext())
    expect(await stored(slideId)).toEqual(filesOf(`${slideId}/2`))
    expect(await findReview(test.deps.db.query, slideId)).toMatchObject({ revision: 2 })
  })

  it('keeps what was redacted before', async () => {
    const { slideId } = await waiting()
    await redact(slideId)
    await redact(slideId, 2)
    const review = await findReview(test.deps.db.query, slideId)
    expect(review).toMatchObject({ state: 'waiting', revision: 3 })
    expect(JSON.parse(review!.redacted)).toHaveLength(2)
  })

  it('cannot be decided on while it is in work, nor asked for outside of the slide', async () => {
    const { slideId } = await waiting()
    const outside = [{ x: 700, y: 0, width: 1, height: 1 }]
    await expect(askRedaction(test.deps, slideId, { revision: 1, regions: outside }, 'rosa')).rejects.toMatchObject({
      code: 'invalid',
    })
    const regions = [{ x: 0, y: 0, width: 9, height: 9 }]
    await askRedaction(test.deps, slideId, { revision: 1, regions }, 'rosa')
    await expect(approve(slideId)).rejects.toMatchObject({ code: 'conflict' })
    await expect(reject(slideId)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('that fails leaves nothing of the slide, and says why', async () => {
    const { slideId, sourceKeys } = await waiting()
    const regions = [{ x: 0, y: 0, width: 9, height: 9 }]
    await askRedaction(test.deps, slideId, { revision: 1, regions }, 'rosa')
    await rm(join(test.data, 'source', sourceKeys[0]!))
    const consumer = onRedactionWanted(test.deps)
    const error = await consumer.handle({ slideId, revision: 1 }, eventContext()).catch(error => error)
    await consumer.failed!({ slideId, revision: 1 }, error)
    await consumer.failed!({ slideId, revision: 1 }, error)
    expect((await eventsOf(slideId)).slice(2)).toMatchObject([{ name: 'slides.failed', message: { revision: 2 } }])
    expect(await stored(slideId)).toEqual([])
    expect(await findReview(test.deps.db.query, slideId)).toMatchObject({ state: 'failed' })
  })
})

describe('of two decisions', () => {
  it('the first counts, whatever the second is, and it is told once', async () => {
    const one = await waiting()
    await approve(one.slideId)
    await expect(reject(one.slideId)).rejects.toMatchObject({ code: 'conflict' })
    await expect(redact(one.slideId)).rejects.toMatchObject({ code: 'conflict' })
    expect(await namesOf(one.slideId)).toEqual(['slides.review_wanted', 'slides.deidentified'])
    expect(await stored(one.slideId)).not.toEqual([])
    const other = await waiting()
    await reject(other.slideId)
    await expect(approve(other.slideId)).rejects.toMatchObject({ code: 'conflict' })
    expect(await namesOf(other.slideId)).toEqual(['slides.review_wanted', 'slides.failed'])
    expect(await stored(other.slideId)).toEqual([])
  })

  it('an approval and a redaction at once: either the slide goes out as it was seen, or it waits again', async () => {
    const { slideId } = await waiting()
    await look(slideId)
    const [approval, redaction] = await Promise.allSettled([
      decide(test.deps, slideId, { revision: 1, decision: 'approve' }, 'rosa'),
      redact(slideId),
    ])
    expect([approval.status, redaction.status].toSorted()).toEqual(['fulfilled', 'rejected'])
    const { state, revision } = (await findReview(test.deps.db.query, slideId))!
    expect({ state, revision }).toEqual(
      approval.status === 'fulfilled' ? { state: 'approved', revision: 1 } : { state: 'waiting', revision: 2 },
    )
  })
})

describe('the gate of a project', () => {
  it('is switched off for slides to come; those that wait go on waiting unless they are asked out', async () => {
    const project = 'trial'
    const before = await waiting({ project })
    await test.deps.db.transaction(trx =>
      saveGate(test.deps, trx, { project, on: false, reason: 'a trial', who: 'olga' }),
    )
    const after = await waiting({ project })
    expect(await namesOf(before.slideId)).toEqual(['slides.review_wanted'])
    expect(await namesOf(after.slideId)).toEqual(['slides.deidentified'])
    expect((await eventsOf(after.slideId))[0]!.message).toMatchObject({ release: { owner: '' } })
    expect(await releaseWaiting(test.deps, project, 'olga', 'a trial')).toBe(1)
    expect(await releaseWaiting(test.deps, project, 'olga', 'a trial')).toBe(0)
    expect(await namesOf(before.slideId)).toEqual(['slides.review_wanted', 'slides.deidentified'])
  })

  it('that is switched on again lets nothing more out unseen, also what was asked out before', async () => {
    const project = 'hesitant'
    const { slideId } = await waiting({ project })
    const redacting = await waiting({ project })
    const regions = [{ x: 0, y: 0, width: 10, height: 10 }]
    await askRedaction(test.deps, redacting.slideId, { revision: 1, regions }, 'rosa')
    const gate = (on: boolean) =>
      test.deps.db.transaction(trx => saveGate(test.deps, trx, { project, on, reason: 'a trial', who: 'olga' }))
    await gate(false)
    await gate(true)
    expect(await releaseWaiting(test.deps, project, 'olga', 'a trial')).toBe(0)
    expect(await findReview(test.deps.db.query, slideId)).toMatchObject({ state: 'waiting' })
    await gate(false)
    expect(await releaseWaiting(test.deps, project, 'olga', 'a trial')).toBe(1)
    expect(await findReview(test.deps.db.query, redacting.slideId)).toMatchObject({ state: 'redacting', revision: 1 })
  })

  it('that the setting switches off is in the audit, once', async () => {
    const off = { ...test.deps, config: { ...test.deps.config, REVIEW_GATE: 'off' as const } }
    for (const deps of [test.deps, off, off, test.deps, test.deps]) await recordSetting(deps)
    const told = await test.deps.db.query
      .selectFrom('audit_entries')
      .selectAll()
      .where('actor', '=', 'setting')
      .execute()
    expect(told.map(({ action, project }) => [action, project])).toEqual([
      ['gate-off', '*'],
      ['gate-on', '*'],
    ])
  })
})

describe('the audit', () => {
  const written = (seq: number, reason: string | null, slideId: string, previous: string) => {
    const row = { at: new Date(seq * 1000).toISOString(), who: 'rosa', what: 'rejected', project: 'default' }
    const rest = { slide_id: slideId, revision: 1, reason }
    const canonical = JSON.stringify([previous, ...Object.values(row), ...Object.values(rest)])
    return { seq, ...row, ...rest, previous, hash: createHash('sha256').update(canonical).digest('hex') }
  }

  it('as it was kept before goes on in the chain; what was said of slides that are gone does not', async () => {
    const { slideId } = await waiting()
    const deleted = await waiting()
    await onDeleted(test.deps).handle({ slideId: deleted.slideId, reason: 'withdrawn' }, eventContext())
    const first = written(1, 'handwriting', slideId, '0'.repeat(64))
    const second = written(2, 'Kim Gildong', deleted.slideId, first.hash)
    const former = test.deps.db.query as unknown as Kysely<{ audit: typeof first }>
    await former.insertInto('audit').values([first, second]).execute()
    expect(await adoptFormerAudit(test.deps)).toBe(2)
    expect(await adoptFormerAudit(test.deps)).toBe(0)
    expect(await historyOf(test.deps.db.query, slideId)).toMatchObject([
      { at: '1970-01-01T00:00:01.000Z', who: 'rosa', what: 'rejected', revision: 1, reason: 'handwriting' },
    ])
    expect(await historyOf(test.deps.db.query, deleted.slideId)).toMatchObject([{ what: 'rejected', reason: null }])
    const { rows } = await listAudit(test.deps.db.query, { project: 'none', after: 0, limit: 100 })
    expect(rows.at(-1)).toMatchObject({ what: 'audit.adopted' })
    expect(await firstBrokenEntry(test.deps)).toBeNull()
    expect(await former.selectFrom('audit').selectAll().execute()).toEqual([])
  })

  it('only grows', async () => {
    const { query } = test.deps.db
    const change = query.updateTable('audit_entries').set({ actor: 'nobody' }).where('seq', '=', 1)
    await expect(change.execute()).rejects.toThrow('only grows')
    expect(await firstBrokenEntry(test.deps)).toBeNull()
  })
})

describe('a withdrawal', () => {
  it('leaves neither the words of the reviewer nor the name; who did what stays, and the chain is whole', async () => {
    const [rejected, released] = [await waiting(), await waiting({ pseudonyms: { ...NOBODY, subject: 'ABCDEFGHX' } })]
    await reject(rejected.slideId)
    const { release_name: name } = await approve(released.slideId)
    expect(name).toContain('ABCDEFGH')
    for (const { slideId } of [rejected, released])
      await onDeleted(test.deps).handle({ slideId, reason: 'withdrawn' }, eventContext())
    const [entry] = await historyOf(test.deps.db.query, rejected.slideId)
    expect(entry).toMatchObject({ who: 'rosa', what: 'rejected', reason: null })
    const { query } = test.deps.db
    const left = [
      await query.selectFrom('audit_entries').selectAll().where('thing', '=', rejected.slideId).execute(),
      await query.selectFrom('releases').selectAll().where('slide_id', '=', released.slideId).execute(),
      await query.selectFrom('slides').selectAll().where('slide_id', '=', released.slideId).execute(),
      await query.selectFrom('reviews').selectAll().where('slide_id', '=', released.slideId).execute(),
    ]
    expect(JSON.stringify(left)).not.toMatch(/handwriting|ABCDEFGH/)
    expect(JSON.stringify(left)).not.toContain(name)
    expect(await firstBrokenEntry(test.deps)).toBeNull()
  })
})

describe('a name', () => {
  it('is never given twice, not even that of a slide that is gone, and does not tell the order of arrival', async () => {
    const { slideId } = await waiting()
    const { release_name } = await approve(slideId)
    const { input } = await reportKeysOf(test.deps.config)
    const twin = { ...(await findRelease(test.deps.db.query, slideId))!, slide_id: randomUUID() }
    const lowerCase = { ...twin, name: release_name!.toLowerCase() }
    await expect(test.deps.db.query.insertInto('releases').values(lowerCase).execute()).rejects.toThrow()
    expect(await wasGiven(test.deps.db.query, input, release_name!)).toBe(false)
    await onDeleted(test.deps).handle({ slideId, reason: 'deleted' }, eventContext())
    expect(await wasGiven(test.deps.db.query, input, release_name!.toLowerCase())).toBe(true)
    const rows = await test.deps.db.query.selectFrom('releases').selectAll().where('slide_id', '=', slideId).execute()
    expect(rows).toMatchObject([{ name: expect.stringMatching(/^GONE-[0-9A-F]{64}$/), slots: '[]', subject: '' }])
  })

  it('that a version before left of a deleted slide is forgotten at the start', async () => {
    const old = { slots: '[]', told: '{}', subject: '', owner: '', scheme: 'C1/0', project: 'default' }
    const row = { ...old, slide_id: randomUUID(), name: 'C1-OLD', at: new Date() }
    const size = { revision: null, width: null, height: null }
    await test.deps.db.query
      .insertInto('releases')
      .values({ ...row, ...size })
      .execute()
    const { input } = await reportKeysOf(test.deps.config)
    await test.deps.db.transaction(trx => forgetOldNames(trx, input))
    const names = await test.deps.db.query.selectFrom('releases').select('name').execute()
    expect(names.map(({ name }) => name)).not.toContain('C1-OLD')
    expect(await wasGiven(test.deps.db.query, input, 'c1-old')).toBe(true)
  })
})
