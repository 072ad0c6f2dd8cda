/** What is remembered of a watched folder: rows by keyed hashes, never the whole tree in memory. */
import { sql } from 'kysely'
import type { KeyedHash } from '../keyed-hash.ts'
import type { IngestDeps } from '../module-deps.ts'
import type { WatchedRow } from '../store.ts'
import type { Found, WatchedFile } from './finding.ts'
import type { WatchedFolder } from './setting.ts'

/** Something found, under the hashes that it is remembered by. */
export interface Known extends Found {
  place: string
  fingerprint: string
}

export const folderHash = (hash: KeyedHash, { path }: WatchedFolder): string => hash.ofTexts('folder', path)
const placeOf = (hash: KeyedHash, { path }: WatchedFolder, name: string): string => hash.ofTexts('place', path, name)

/** Changes with what a file holds, as far as sizes and times tell. */
export const fingerprintOf = (hash: KeyedHash, files: readonly WatchedFile[]): string =>
  hash.ofTexts('files', ...files.flatMap(({ name, bytes, changedMs }) => [name, bytes, changedMs]))

export const known = (hash: KeyedHash, folder: WatchedFolder, found: Found): Known => ({
  ...found,
  place: placeOf(hash, folder, found.name),
  fingerprint: fingerprintOf(hash, found.files),
})

/** The slide that an annotation file lies beside, when it was taken. */
export async function slideBeside(
  { db }: IngestDeps,
  hash: KeyedHash,
  folder: WatchedFolder,
  name: string,
): Promise<{ state: WatchedRow['state']; slideId: string | null } | undefined> {
  const row = await db.query
    .selectFrom('watched')
    .select(['state', 'slide_id'])
    .where('place', '=', placeOf(hash, folder, name))
    .executeTakeFirst()
  return row && { state: row.state, slideId: row.slide_id }
}

/** Those of the annotation files beside a slide that have stood still: the others come later. */
export async function settledBeside(
  { db }: IngestDeps,
  hash: KeyedHash,
  folder: WatchedFolder,
  { beside }: Found,
): Promise<Known[]> {
  const all = beside.map(one => known(hash, folder, one))
  const rows = new Map(
    (
      await rowsAt(
        db,
        all.map(({ place }) => place),
      )
    ).map(row => [row.place, row]),
  )
  const isSettled = ({ place, fingerprint }: Known): boolean => {
    const row = rows.get(place)
    return row !== undefined && row.state === 'settling' && row.looks > 2 && row.fingerprint === fingerprint
  }
  return all.filter(isSettled)
}

const LINK = 'It is a link that leads out of the watched folder'

/**
 * Notes what was found, some hundred at a time.
 * @returns what has stood still, with its row: it may be taken
 */
export async function note(
  { db }: IngestDeps,
  folder: string,
  found: readonly Known[],
  settleMs: number,
): Promise<{ found: Known; row: WatchedRow }[]> {
  const places = found.map(({ place }) => place)
  const seen = new Map((await rowsAt(db, places)).map(row => [row.place, row]))
  const changed = found.filter(({ place, fingerprint }) => seen.get(place)?.fingerprint !== fingerprint)
  const same = found.filter(one => !changed.includes(one))
  const open = same.filter(({ place }) => seen.get(place)!.state !== 'taken').map(({ place }) => place)
  if (changed.length > 0) await remember(db, folder, changed)
  if (open.length === 0) return []
  const rows = await db.query
    .updateTable('watched')
    .set(({ eb }) => ({ looks: eb('looks', '+', 1), seen_at: sql<Date>`now()` }))
    .where('place', 'in', open)
    .returningAll()
    .returning(sql<boolean>`since <= now() - ${settleMs} * interval '1 millisecond'`.as('settled'))
    .returning(sql<boolean>`next_at is null or next_at <= now()`.as('due'))
    .execute()
  const byPlace = new Map(found.map(one => [one.place, one]))
  return rows
    .filter(
      ({ state, looks, settled, due }) => state === 'copying' || (state === 'settling' && settled && due && looks > 2),
    )
    .map(row => ({ found: byPlace.get(row.place)!, row }))
}

const rowsAt = (db: IngestDeps['db'], places: string[]): Promise<WatchedRow[]> =>
  places.length === 0
    ? Promise.resolve([])
    : db.query.selectFrom('watched').selectAll().where('place', 'in', places).execute()

/** What is new or has changed begins to settle; its slide_id still tells of a copy that was under way. */
async function remember(db: IngestDeps['db'], folder: string, found: readonly Known[]): Promise<void> {
  const row = ({ place, fingerprint, kind, name }: Known) => ({
    place,
    folder,
    fingerprint,
    kind,
    name,
    state: kind === 'link' ? ('refused' as const) : ('settling' as const),
    reason: kind === 'link' ? LINK : null,
    slide_id: null,
    next_at: null,
    claimed_until: null,
  })
  await db.query
    .insertInto('watched')
    .values(found.map(row))
    .onConflict(conflict =>
      conflict.column('place').doUpdateSet(({ ref }) => ({
        fingerprint: ref('excluded.fingerprint'),
        kind: ref('excluded.kind'),
        name: ref('excluded.name'),
        state: ref('excluded.state'),
        reason: ref('excluded.reason'),
        looks: 1,
        attempts: 0,
        since: sql<Date>`now()`,
        seen_at: sql<Date>`now()`,
        next_at: null,
      })),
    )
    .execute()
}

/** Sets what is known of a place. */
export const save = (
  { db }: IngestDeps,
  place: string,
  news: Partial<Pick<WatchedRow, 'state' | 'reason' | 'slide_id' | 'name' | 'claimed_until'>>,
): Promise<unknown> => db.query.updateTable('watched').set(news).where('place', '=', place).execute()

/** Tries a place again later, with the reason of this time. */
export const later = ({ db }: IngestDeps, place: string, reason: string, waitMs: number): Promise<unknown> =>
  db.query
    .updateTable('watched')
    .set(({ eb }) => ({
      reason,
      attempts: eb('attempts', '+', 1),
      next_at: sql<Date>`now() + ${waitMs} * interval '1 millisecond'`,
    }))
    .where('place', '=', place)
    .execute()

/** Forgets what has been gone for a day; what was taken stays known, so that it is never taken twice. */
export const forgetVanished = ({ db }: IngestDeps, folder: string): Promise<unknown> =>
  db.query
    .deleteFrom('watched')
    .where('folder', '=', folder)
    .where('state', '!=', 'taken')
    .where('seen_at', '<', new Date(Date.now() - 86_400_000))
    .execute()
