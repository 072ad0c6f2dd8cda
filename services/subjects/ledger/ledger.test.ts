import { randomUUID } from 'node:crypto'
import { readAudit } from '@coverslip/platform/audit/read.ts'
import type { TestDeps } from '@coverslip/platform/testing/deps.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admit } from '../admit.ts'
import { adoptFormerAudit, checkAudit } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { findBySourceName, knownTexts } from '../known-texts.ts'
import { readManifest } from '../manifest/read.ts'
import { takeLines } from '../manifest/take.ts'
import { fingerprint } from '../sealing/root-key.ts'
import { rotate } from '../sealing/rotation.ts'
import { databaseText, openSubjects } from '../testing.ts'
import { takeCare } from './caretaker.ts'
import { identityOf } from './identity.ts'
import { decideLookup, requestLookup, stateOf } from './lookup.ts'
import { onDeidentified } from './released.ts'
import { switchLedger } from './switch.ts'

let opened: TestDeps<SubjectsDeps>
let deps: SubjectsDeps
beforeAll(async () => {
  opened = await openSubjects()
  deps = opened.deps
})
afterAll(() => opened.close())

const project = 'liver'
const transaction = <T>(work: Parameters<typeof deps.db.transaction<T>>[0]): Promise<T> => deps.db.transaction(work)
const take = (...lines: string[]) => {
  const read = readManifest(Buffer.from(['file,subject,case,collected', ...lines].join('\n')), {
    maxLines: 100,
    vocabulary: deps.vocabulary,
  })
  const said = read.lines.map(line => line.said)
  return transaction(trx => takeLines(trx, deps.root, said, { project, user: 'steward', manifest: 1 }))
}
const arrive = async (sourceName: string): Promise<string> => {
  const slideId = randomUUID()
  await transaction(trx => admit(trx, deps.root, { slideId, project, sourceName, format: 'aperio' }))
  return slideId
}
const release = (slideId: string, name: string): Promise<void> => {
  const release = { name, scheme: 'x', owner: 'reviewer', at: new Date().toISOString() }
  return onDeidentified(deps).handle({ slideId, release } as never)
}
const caredFor = async (): Promise<void> => {
  while (await takeCare(deps));
}
const subjectOf = async (slideId: string) =>
  deps.db.query
    .selectFrom('subjects')
    .innerJoin('slides', 'slides.subject_id', 'subjects.id')
    .selectAll('subjects')
    .where('slide_id', '=', slideId)
    .executeTakeFirstOrThrow()
const actions = async () =>
  (await readAudit(deps.db.query, { after: 0, limit: 100, projects: ['*'] })).map(e => e.action)

describe('a look-up', () => {
  let slideId: string
  const ask = (asked: Parameters<typeof requestLookup>[2]['asked'], user = 'asker') =>
    transaction(trx => requestLookup(trx, deps.root, { project, asked, reason: 'incidental finding', user }))
  const decide = (id: string, user: string, approved = true) =>
    transaction(trx => decideLookup(trx, deps.root, { id, approved, user, showMs: 1000 }))
  beforeAll(async () => {
    await take('k1.svs,Kim-7,S22-9,2020-05-31')
    slideId = await arrive('k1.svs')
    await release(slideId, 'LIV-0001')
  })

  test('needs somebody else who agrees, once', async () => {
    const lookup = await ask({ slide: 'LIV-0001' })
    await expect(decide(lookup.id, 'asker')).rejects.toMatchObject({ code: 'forbidden' })
    expect(stateOf(await decide(lookup.id, 'second'), 1000)).toBe('approved')
    await expect(decide(lookup.id, 'third')).rejects.toMatchObject({ code: 'conflict' })
    await expect(
      sql`update ${sql.table(`${deps.db.schema}.lookups`)} set decided_by = requested_by`.execute(deps.db.query),
    ).rejects.toThrow()
  })
  test('is shown for a short time, and waits for a week', async () => {
    const lookup = await ask({ slide: slideId })
    const week = 7 * 86_400_000
    expect(stateOf(lookup, 1000)).toBe('waiting')
    expect(stateOf(lookup, 1000, Date.now() + week)).toBe('expired')
    const decided = await decide(lookup.id, 'second')
    expect(stateOf(decided, 1000, decided.decided_at!.getTime() + 999)).toBe('approved')
    expect(stateOf(decided, 1000, decided.decided_at!.getTime() + 1000)).toBe('expired')
    expect(stateOf(await decide((await ask({ slide: slideId })).id, 'second', false), 1000)).toBe('refused')
  })
  test('finds the subject by pseudonym, slide, or the name of the hospital, and not in another project', async () => {
    const { id, pseudonym } = await subjectOf(slideId)
    for (const asked of [{ pseudonym: pseudonym.toLowerCase() }, { slide: slideId }, { subject: ' KIM-7' }]) {
      expect((await ask(asked)).subject_id).toBe(id)
    }
    await expect(ask({ pseudonym: 'ABCDEFGHJ' })).rejects.toMatchObject({ code: 'not-found' })
    // Whether somebody of this name is here is for two to know.
    expect((await ask({ subject: 'Nobody' })).subject_id).toBeNull()
  })
  test('shows names, files and cases, also after the release', async () => {
    const identity = await identityOf(deps.db.query, deps.root, await subjectOf(slideId))
    expect(identity).toMatchObject({
      names: ['Kim-7'],
      slides: [{ id: slideId, name: 'LIV-0001', file: 'k1.svs', case: 'S22-9', collected: '2020-05-31' }],
    })
    expect(await findBySourceName(deps.db.query, deps.root, project, 'K1.xml')).toBe(slideId)
  })
  test('wants a reason without a registration number', async () => {
    const asked = { project, asked: { slide: slideId }, reason: 'asks 800101-1234567', user: 'asker' }
    await expect(transaction(trx => requestLookup(trx, deps.root, asked))).rejects.toMatchObject({ code: 'invalid' })
  })
})

test('keys rotate: everything can be read before and after, and the old key is destroyed', async () => {
  const slideId = await arrive('rotated.svs')
  await transaction(trx => rotate(trx, deps.root))
  expect(await knownTexts(deps.db.query, deps.root, slideId)).toContain('rotated.svs')
  await Promise.all([caredFor(), caredFor(), arrive('meanwhile.svs')])
  await caredFor()
  const keys = await deps.db.query.selectFrom('ledger_keys').selectAll().orderBy('version').execute()
  expect(keys.map(({ wrapped }) => wrapped !== null)).toEqual([false, true])
  expect(await knownTexts(deps.db.query, deps.root, slideId)).toContain('rotated.svs')
  expect(await actions()).toContain('ledger.key-destroyed')
})

test('keys rotate in the middle of look-ups, and whatever is read at any moment can be opened', async () => {
  await take('m1.svs,Min-4,C4,2020-01-01')
  const slideId = await arrive('m1.svs')
  const subject = await subjectOf(slideId)
  const asked = { project, asked: { slide: slideId }, reason: 'a finding', user: 'asker' }
  const lookup = await transaction(trx => requestLookup(trx, deps.root, asked))
  let rotating = true
  const rotations = (async () => {
    for (let i = 0; i < 5; i++) {
      await transaction(trx => rotate(trx, deps.root))
      await caredFor()
    }
    rotating = false
  })()
  let seen = 0
  while (rotating) {
    expect((await identityOf(deps.db.query, deps.root, subject)).names).toEqual(['Min-4'])
    expect(await knownTexts(deps.db.query, deps.root, slideId)).toContain('m1.svs')
    seen += 1
  }
  await rotations
  expect(seen).toBeGreaterThan(1)
  const by = { id: lookup.id, approved: true, user: 'second', showMs: 1000 }
  expect(stateOf(await transaction(trx => decideLookup(trx, deps.root, by)), 1000)).toBe('approved')
  expect((await identityOf(deps.db.query, deps.root, subject)).slides).toMatchObject([{ file: 'm1.svs', case: 'C4' }])
})

describe('switched off', () => {
  let [released, waiting, later] = ['', '', '']
  beforeAll(async () => {
    await take('o1.svs,Oh-1,C1,2020-01-01', 'o2.svs,Oh-1,C1,2020-01-01', 'p1.svs,Pak-1,C2,2020-01-01')
    ;[released, waiting, later] = [await arrive('o1.svs'), await arrive('p1.svs'), await arrive('o2.svs')]
    await release(released, 'LIV-0002')
  })
  const switchOff = (confirmed: boolean) =>
    transaction(async trx => switchLedger(trx, { on: false, confirmed, user: 'owner' }))

  test('only after it was said what becomes impossible', async () => {
    await expect(switchOff(false)).rejects.toMatchObject({
      code: 'conflict',
      details: expect.arrayContaining([expect.stringContaining('withdrawal')]),
    })
    expect(await findBySourceName(deps.db.query, deps.root, project, 'o1.svs')).toBe(released)
  })
  test('released slides are forgotten, those on their way are not', async () => {
    expect(await switchOff(true)).toEqual({ changed: true })
    await caredFor()
    expect(await findBySourceName(deps.db.query, deps.root, project, 'o1.svs')).toBeUndefined()
    expect(await knownTexts(deps.db.query, deps.root, waiting)).toContain('Pak-1')
    // Another slide of the subject is on its way: the rules need to know whose it is.
    expect((await identityOf(deps.db.query, deps.root, await subjectOf(released))).names).toEqual(['Oh-1'])
  })
  test('with its last release the subject is forgotten; the pseudonym stays', async () => {
    const before = await subjectOf(later)
    await release(later, 'LIV-0003')
    const after = await subjectOf(later)
    expect(after).toMatchObject({ pseudonym: before.pseudonym, fingerprint: null })
    const { names, slides } = await identityOf(deps.db.query, deps.root, after)
    expect(names).toEqual([])
    expect(slides.map(({ file }) => file)).toEqual([null, null])
  })
  test('nothing can be looked up', async () => {
    const asked = { project, asked: { slide: released }, reason: 'x', user: 'asker' }
    await expect(transaction(trx => requestLookup(trx, deps.root, asked))).rejects.toMatchObject({ code: 'conflict' })
  })
})

test('the research number is forgotten at release', async () => {
  const rows = await deps.db.query.selectFrom('slides').selectAll().where('state', '=', 'released').execute()
  expect(rows.length).toBeGreaterThan(1)
  for (const { research_number, release_name } of rows)
    expect([research_number, release_name]).toEqual([null, expect.anything()])
})

test('nothing of all this stands in the database in plain text', async () => {
  expect(await databaseText(deps)).not.toMatch(/kim-7|k1\.svs|S22-9|2020-05-31|Oh-1|Pak-1|rotated\.svs/i)
})

describe('the audit', () => {
  const former = () => sql.table(`${deps.db.schema}.audit`)
  const write = (seq: number, action: string, what: object, previous: string) => {
    const [at, text] = [new Date(seq * 1000), JSON.stringify(what)]
    const said = [previous, String(seq), at.toISOString(), 'asker', project, action, text]
    const hash = fingerprint(deps.root, 'audit', ...said)
    const values = sql`(${seq}, ${at.toISOString()}, 'asker', ${project}, ${action}, ${text}, ${hash})`
    return sql`insert into ${former()} values ${values}`.execute(deps.db.query).then(() => hash)
  }

  test('as it was kept before goes on in the new chain; reasons become words that can be erased', async () => {
    const { id, subject_id } = await deps.db.query
      .selectFrom('lookups')
      .selectAll()
      .where('subject_id', 'is not', null)
      .limit(1)
      .executeTakeFirstOrThrow()
    const first = await write(1, 'ledger.lookup-requested', { lookup: id, subject: 'ABC', reason: 'a finding' }, '')
    await write(2, 'ledger.looked-up', { lookup: id, found: true }, first)
    const { entries } = await checkAudit(deps.db.query, deps.root)
    expect(await adoptFormerAudit(deps)).toBe(2)
    expect(await adoptFormerAudit(deps)).toBe(0)
    expect(await readAudit(deps.db.query, { after: entries })).toMatchObject([
      {
        at: '1970-01-01T00:00:01.000Z',
        thing: subject_id,
        what: { lookup: id, subject: 'ABC' },
        words: 'a finding',
      },
      { action: 'ledger.looked-up', words: null },
      { action: 'audit.adopted', what: { entries: 2, broken: null } },
    ])
    expect(await checkAudit(deps.db.query, deps.root)).toEqual({ entries: entries + 3, broken: null })
  })

  test('says which entry of then did not fit', async () => {
    await write(1, 'rules.changed', {}, 'another one')
    await adoptFormerAudit(deps)
    const last = (await readAudit(deps.db.query, {})).at(-1)
    expect(last).toMatchObject({ action: 'audit.adopted', what: { entries: 1, broken: 1 } })
  })

  test('only grows, and notices a change by whoever can do so', async () => {
    const table = sql.table(`${deps.db.schema}.audit_entries`)
    await expect(sql`delete from ${table}`.execute(deps.db.query)).rejects.toThrow('only grows')
    await sql`alter table ${table} disable trigger all`.execute(deps.db.query)
    await sql`update ${table} set actor = 'x' where seq = 3`.execute(deps.db.query)
    expect(await checkAudit(deps.db.query, deps.root)).toMatchObject({ broken: 3 })
  })
})
