import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Generated, sql } from 'kysely'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Database, Db, Migration } from './port.ts'

interface Tables {
  slide: { id: Generated<number>; name: string; size: number | null }
}

const migrations: Migration[] = [
  {
    name: '001-slide',
    sql: schema => `
      create table ${schema}.slide (id bigint generated always as identity primary key, name text not null unique);
      create index on ${schema}.slide (name)`,
  },
  { name: '002-size', sql: schema => `alter table ${schema}.slide add column size bigint` },
]

/** What every adapter must do; `connect` opens the same database anew. */
export function databaseContract(connect: () => Promise<Database>): void {
  const suite = randomUUID().slice(0, 8)
  let database: Database
  // The server may serve several suites.
  const own = (name: string): string => `${name}_${suite}`
  let db: Db<Tables>
  const names = async (): Promise<string[]> =>
    (await db.query.selectFrom('slide').select('name').orderBy('id').execute()).map(row => row.name)
  const insert = (name: string): Promise<unknown> => db.query.insertInto('slide').values({ name }).execute()

  beforeAll(async () => {
    database = await connect()
    db = await database.open<Tables>(own('contract'), migrations)
  })
  afterAll(() => database?.close())

  test('is ready', () => database.ready())

  test('applies each migration once, also when opened twice at the same time', async () => {
    const schema = own('twice')
    const opened = await Promise.all([1, 2, 3].map(() => database.open<Tables>(schema, migrations)))
    for (const part of opened) await part.query.insertInto('slide').values({ name: randomUUID() }).execute()
    const applied = await sql`select name from ${sql.ref(`${schema}.migrations`)} order by name`.execute(db.query)
    expect(applied.rows).toEqual([{ name: '001-slide' }, { name: '002-size' }])
  })

  test('applies a migration that came later, and leaves nothing of one that fails', async () => {
    await database.open(own('grows'), migrations.slice(0, 1))
    const broken: Migration = {
      name: '002-broken',
      sql: schema => `create table ${schema}.half (id int); select 1 / 0`,
    }
    await expect(database.open(own('grows'), [...migrations.slice(0, 1), broken])).rejects.toThrow(
      /migration 002-broken of schema .* failed/,
    )
    const half = await sql<{ gone: boolean }>`select to_regclass(${`${own('grows')}.half`}) is null as gone`.execute(
      db.query,
    )
    expect(half.rows).toEqual([{ gone: true }])
    const grown = await database.open<Tables>(own('grows'), migrations)
    expect(await grown.query.selectFrom('slide').select('size').execute()).toEqual([])
  })

  test('keeps the schemas of two services apart', async () => {
    const other = await database.open<Tables>(own('other'), migrations)
    await other.query.insertInto('slide').values({ name: 'theirs' }).execute()
    expect(await names()).not.toContain('theirs')
  })

  test('commits what a transaction did, and rolls back all of it when the work throws', async () => {
    const before = await names()
    await db.transaction(async trx => {
      await trx.insertInto('slide').values({ name: 'committed' }).execute()
    })
    const failing = db.transaction(async trx => {
      await trx.insertInto('slide').values({ name: 'rolled back' }).execute()
      throw new Error('stop')
    })
    await expect(failing).rejects.toThrow('stop')
    expect(await names()).toEqual([...before, 'committed'])
  })

  test('rolls back when a statement fails, and names the violated rule by its SQLSTATE', async () => {
    await insert('unique')
    const failing = db.transaction(async trx => {
      await trx.insertInto('slide').values({ name: 'beside' }).execute()
      await trx.insertInto('slide').values({ name: 'unique' }).execute()
    })
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    expect(await names()).not.toContain('beside')
  })

  test('refuses a query outside the open transaction instead of waiting for ever', async () => {
    const outside = 'query outside the open transaction'
    await expect(db.transaction(() => insert('lost'))).rejects.toThrow(outside)
    await expect(db.transaction(() => db.transaction(async () => 1))).rejects.toThrow(outside)
    const other = await database.open<Tables>(own('other'), migrations)
    await expect(db.transaction(() => other.query.selectFrom('slide').selectAll().execute())).rejects.toThrow(outside)
    await insert('afterwards')
  })

  test('a query of another caller waits for the open transaction, or runs beside it, and never joins it', async () => {
    let outcome: Promise<unknown> = Promise.resolve()
    const failing = db.transaction(async trx => {
      await trx.insertInto('slide').values({ name: 'undone' }).execute()
      await sleep(30)
      throw new Error('undo')
    })
    await sleep(10)
    outcome = insert('kept')
    await expect(failing).rejects.toThrow('undo')
    await outcome
    expect(await names()).toContain('kept')
    expect(await names()).not.toContain('undone')
  })

  test('many transactions at once all take effect', async () => {
    const before = (await names()).length
    const work = Array.from({ length: 40 }, (_, i) =>
      db.transaction(trx =>
        trx
          .insertInto('slide')
          .values({ name: `many ${i}` })
          .execute(),
      ),
    )
    await Promise.all(work)
    expect((await names()).length).toBe(before + 40)
  })

  test('values arrive the same from every adapter', async () => {
    const bytes = Buffer.from([0, 1, 0xff])
    const at = new Date('2026-11-22T08:00:00.123Z')
    const json = JSON.stringify({ a: [1, 'x'] })
    const { rows } = await sql`
      select ${42}::bigint as int8, ${'9007199254740993'}::bigint as big, ${1.5}::float8 as float8, ${true}::boolean as bool,
        ${bytes}::bytea as bytes, ${at}::timestamptz as at, ${json}::jsonb as json, ${null}::text as nothing,
        ${['a', 'b"c']}::text[] as texts, ${[1, 2]}::bigint[] as numbers, '2026-11-22'::date as date,
        '1.10'::numeric as numeric, '(3,4),(1,2)'::box as box, count(*) as count`.execute(db.query)
    expect(rows).toEqual([
      {
        int8: 42,
        big: 9007199254740993n,
        float8: 1.5,
        bool: true,
        bytes,
        at,
        json: { a: [1, 'x'] },
        nothing: null,
        texts: ['a', 'b"c'],
        numbers: [1, 2],
        date: '2026-11-22',
        numeric: '1.10',
        box: '(3,4),(1,2)',
        count: 1,
      },
    ])
    expect(Buffer.isBuffer((rows[0] as { bytes: unknown }).bytes)).toBe(true)
  })

  test('tells listeners of a notification after the commit, and not of one that was rolled back', async () => {
    const heard: string[] = []
    const listener = await database.listen('contract_news', payload => heard.push(payload))
    const notify = (text: string, fail: boolean): Promise<void> =>
      db.transaction(async trx => {
        await sql`select pg_notify('contract_news', ${text})`.execute(trx)
        await sleep(20)
        expect(heard).not.toContain(text)
        if (fail) throw new Error('undo')
      })
    await notify('one', false)
    await notify('never', true).catch(() => {})
    await notify('two', false)
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']), 15_000)
    await listener.stop()
    await notify('three', false)
    await sleep(30)
    expect(heard).toEqual(['one', 'two'])
  })

  test('a listener may query', async () => {
    const heard = new Promise<string[]>((resolve, reject) => {
      database.listen('contract_query', () => names().then(resolve, reject)).catch(reject)
    })
    await sleep(50)
    await db.transaction(async trx => {
      await sql`select pg_notify('contract_query', '')`.execute(trx)
    })
    expect(await heard).toContain('committed')
  })

  test('everything is there after closing and opening again', async () => {
    const before = await names()
    await database.close()
    database = await connect()
    db = await database.open<Tables>(own('contract'), migrations)
    expect(await names()).toEqual(before)
  })
}
