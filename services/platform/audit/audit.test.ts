import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../db/index.ts'
import type { Database, Db } from '../db/port.ts'
import { emptyDatabase } from '../testing/database.ts'
import { startPostgres, type TestServer } from '../testing/servers.ts'
import { adoptAudit, type FormerAudit } from './adopt.ts'
import { type Act, auditChain, eraseWords, record } from './chain.ts'
import { checkAudit, readAudit } from './read.ts'
import { type AuditTables, auditTable } from './table.ts'

const former = (schema: string) =>
  `create table ${schema}.audit (seq bigint primary key, at text not null, who text not null, previous text not null)`
const migrations = [{ name: '001-audit', sql: (schema: string) => `${auditTable(schema)}; ${former(schema)}` }]
const chain = auditChain('keeper', randomBytes(32))
let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-audit-'))
  server = await startPostgres()
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe.each([
  ['PGlite', () => emptyDatabase(join(folder, 'db'))],
  ['PostgreSQL', async () => server.url],
])('on %s', (_name, url) => {
  let database: Database
  let db: Db<AuditTables>
  let schemas = 0
  beforeAll(async () => {
    database = await openDatabase(await url())
  })
  afterAll(() => database?.close())
  beforeEach(async () => {
    schemas += 1
    db = await database.open(`keeper${schemas}`, migrations)
  })

  const note = (act: Partial<Act> = {}) =>
    db.transaction(trx => record(trx, chain, { actor: 'rosa', project: 'liver', action: 'rejected', ...act }))
  const erase = (thing: string) => db.transaction(trx => eraseWords(trx, chain, { thing, project: 'liver' }))
  const check = () => checkAudit(db.query, chain)
  const table = () => sql.table(`${db.schema}.audit_entries`)
  /** As somebody does who may do everything in the database. */
  const tamper = async (change: ReturnType<typeof sql>) => {
    await sql`alter table ${table()} disable trigger all`.execute(db.query)
    await change.execute(db.query)
  }

  describe('a chain', () => {
    test('is read by project and by thing, oldest first', async () => {
      await note({ thing: 'a', what: { revision: 1 }, words: 'a name on the glass' })
      await note({ project: 'lung', action: 'approved', thing: 'b' })
      await note({ project: '*', action: 'gate-off', words: 'a trial' })
      expect(await readAudit(db.query, { projects: ['*'] })).toHaveLength(3)
      expect((await readAudit(db.query, { projects: ['liver', '*'] })).map(({ seq }) => seq)).toEqual([1, 3])
      expect((await readAudit(db.query, { after: 1, limit: 1 })).map(({ action }) => action)).toEqual(['approved'])
      expect(await readAudit(db.query, { thing: 'a' })).toEqual([
        {
          seq: 1,
          at: expect.stringMatching(/^\d{4}-.*Z$/),
          actor: 'rosa',
          project: 'liver',
          action: 'rejected',
          thing: 'a',
          what: { revision: 1 },
          words: 'a name on the glass',
          hash: expect.any(String),
        },
      ])
      expect(await check()).toEqual({ entries: 3, broken: null })
    })

    test('does not fork when many add to it at once', async () => {
      await Promise.all(Array.from({ length: 12 }, () => note()))
      expect(await check()).toEqual({ entries: 12, broken: null })
    })

    test('only grows, but for words that go', async () => {
      await note({ words: 'said' })
      for (const refused of [
        sql`delete from ${table()}`,
        sql`truncate ${table()}`,
        sql`update ${table()} set actor = 'x'`,
        sql`update ${table()} set words = 'other'`,
        sql`update ${table()} set words = null, salt = null, actor = 'x'`,
      ]) {
        await expect(refused.execute(db.query)).rejects.toThrow('only grows')
      }
    })

    test.each([
      ['changed', () => sql`update ${table()} set actor = 'x' where seq = 2`],
      ['taken out', () => sql`delete from ${table()} where seq = 2`],
      ['made to say other words', () => sql`update ${table()} set words = 'x' where seq = 2`],
      ['robbed of its words', () => sql`update ${table()} set words = null, salt = null where seq = 2`],
    ])('notices an entry that was %s', async (_how, change) => {
      for (const words of ['one', 'two', 'three']) await note({ words })
      await tamper(change())
      expect(await check()).toMatchObject({ broken: 2 })
    })

    test('made with another key is none', async () => {
      await note()
      expect(await checkAudit(db.query, auditChain('keeper', randomBytes(32)))).toEqual({ entries: 0, broken: 1 })
    })
  })

  describe('words that are erased', () => {
    test('leave who did what and when, and a whole chain that says so', async () => {
      await note({ thing: 'a', words: 'Kim Gildong is written on it' })
      await note({ thing: 'b', words: 'a stain' })
      await note({ thing: 'a', action: 'approved' })
      const before = await readAudit(db.query, {})
      expect([await erase('a'), await erase('a')]).toEqual([1, 0])
      const [first, second, third, erased] = await readAudit(db.query, {})
      expect(first).toEqual({ ...before[0], words: null })
      expect([second, third]).toEqual(before.slice(1))
      expect(erased).toMatchObject({ action: 'audit.words-erased', thing: 'a', what: { entries: [1] } })
      expect(await check()).toEqual({ entries: 4, broken: null })
    })

    test('cannot be tried out on what is left', async () => {
      await note({ thing: 'a', words: 'Kim' })
      await erase('a')
      // The same words again have another commitment, and the salt of the first is gone.
      await note({ thing: 'a', words: 'Kim' })
      const rows = await db.query.selectFrom('audit_entries').select(['commitment', 'salt']).orderBy('seq').execute()
      expect(rows[0]).toEqual({ commitment: expect.any(String), salt: null })
      expect(rows[2]!.commitment).not.toBe(rows[0]!.commitment)
    })
  })

  describe('a former audit', () => {
    interface Row {
      seq: string | number | bigint
      at: string
      who: string
      previous: string
    }
    const kept: FormerAudit<Row> = {
      lock: 'keeper',
      fits: ({ seq, previous }, before) =>
        previous === (before?.at ?? '') && Number(seq) === Number(before?.seq ?? 0) + 1,
      toAct: ({ at, who }) => ({ at, actor: who, project: 'liver', action: 'rejected', words: `by ${who}` }),
    }
    const day = (n: number) => new Date(n * 86_400_000).toISOString()
    const fill = async (count: number, from = 1) => {
      const rows = Array.from({ length: count }, (_, i) => i + from)
      const values = sql.join(rows.map(n => sql`(${n}, ${day(n)}, 'rosa', ${n === 1 ? '' : day(n - 1)})`))
      await sql`insert into ${sql.table(`${db.schema}.audit`)} values ${values}`.execute(db.query)
    }
    const adopt = () => db.transaction(trx => adoptAudit(trx, chain, kept))

    test('goes on in the chain with its own times, and is adopted once', async () => {
      await fill(1203)
      expect(await adopt()).toBe(1203)
      expect(await adopt()).toBe(0)
      const [first] = await readAudit(db.query, { limit: 1 })
      expect(first).toMatchObject({ at: day(1), actor: 'rosa', words: 'by rosa' })
      const [last] = await readAudit(db.query, { after: 1203 })
      expect(last).toMatchObject({ action: 'audit.adopted', what: { entries: 1203, broken: null } })
      expect(await check()).toEqual({ entries: 1204, broken: null })
    })

    test('that was changed is not made whole by it', async () => {
      await fill(3)
      await sql`update ${sql.table(`${db.schema}.audit`)} set at = 'x' where seq = 2`.execute(db.query)
      await adopt()
      expect((await readAudit(db.query, { after: 3 }))[0]!.what).toEqual({ entries: 3, broken: 3 })
    })
  })
})
