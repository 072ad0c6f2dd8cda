/**
 * What a service gave out of a thing, and what it erased of it, told once: so that whoever collects proofs of deletion
 * hears from every keeper, however often an event comes and wherever a process dies.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Migration } from './db/port.ts'
import type { ReadableObjects } from './objects/port.ts'

export interface ErasureTables {
  downloads: { thing: string; user_id: string; what: string; at: Date }
  erasures: {
    thing: string
    objects: string | number | bigint
    rows: string | number | bigint
    bytes: string | number | bigint
    told_at: Date | null
  }
}

export const erasureMigration: Migration = {
  name: '000-erasure',
  sql: schema => `
    create table ${schema}.downloads (
      thing text not null,
      user_id text not null,
      what text not null,
      at timestamptz not null,
      primary key (thing, user_id, what)
    );
    create table ${schema}.erasures (
      thing text primary key,
      objects bigint not null,
      rows bigint not null,
      bytes bigint not null,
      told_at timestamptz
    )`,
}

/** How much was there. */
export interface Found {
  objects: number
  rows: number
  bytes: number
}

/** What a keeper says when it has nothing of a thing any more. */
export interface Receipt {
  objects: bigint
  rows: bigint
  bytes: bigint
  /** RFC 3339. */
  at: string
  downloads: { userId: string; what: string; at: string }[]
}

/** A service's queries or transaction, whatever tables it has. */
type Queries<Tables> = Kysely<Tables> | Transaction<Tables>
const tablesOf = <Tables>(queries: Queries<Tables>) => queries as unknown as Kysely<ErasureTables>

/** Remembers who took a copy: the first time of each, not every range of a download. */
export async function recordDownload<Tables>(
  queries: Queries<Tables>,
  { thing, user, what }: { thing: string; user: string; what: string },
): Promise<void> {
  await tablesOf(queries)
    .insertInto('downloads')
    .values({ thing, user_id: user, what, at: new Date() })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

/** Counts the objects below prefixes. */
export async function countObjects(...places: [objects: ReadableObjects, prefix: string][]): Promise<Found> {
  const found: Found = { objects: 0, rows: 0, bytes: 0 }
  for (const [objects, prefix] of places) {
    for await (const { size } of objects.list(prefix)) {
      found.objects += 1
      found.bytes += size
    }
  }
  return found
}

/** Notes what is about to be erased; call it before. A second attempt finds less: the larger numbers stay. */
export async function noteErasure<Tables>(queries: Queries<Tables>, thing: string, found: Found): Promise<void> {
  await tablesOf(queries)
    .insertInto('erasures')
    .values({ thing, ...found, told_at: null })
    .onConflict(conflict =>
      conflict.column('thing').doUpdateSet(({ fn, ref }) => ({
        objects: fn<number>('greatest', [ref('erasures.objects'), ref('excluded.objects')]),
        rows: fn<number>('greatest', [ref('erasures.rows'), ref('excluded.rows')]),
        bytes: fn<number>('greatest', [ref('erasures.bytes'), ref('excluded.bytes')]),
      })),
    )
    .execute()
}

/**
 * The receipt of an erasure that is complete, to be told in the same transaction; undefined when it was told before. Who
 * had taken copies goes with it and is forgotten here.
 */
export async function takeReceipt<Tables>(trx: Transaction<Tables>, thing: string): Promise<Receipt | undefined> {
  const at = new Date()
  const erased = await tablesOf(trx)
    .updateTable('erasures')
    .set({ told_at: at })
    .where('thing', '=', thing)
    .where('told_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
  if (!erased) return undefined
  const taken = await tablesOf(trx).deleteFrom('downloads').where('thing', '=', thing).returningAll().execute()
  return {
    objects: BigInt(erased.objects),
    rows: BigInt(erased.rows),
    bytes: BigInt(erased.bytes),
    at: at.toISOString(),
    downloads: taken.map(({ user_id, what, at }) => ({ userId: user_id, what, at: at.toISOString() })),
  }
}
