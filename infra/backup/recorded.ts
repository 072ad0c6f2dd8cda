/** What the services' tables say of each object: where it lies and what it must be. */
import { dirname } from 'node:path/posix'
import type { Addresses } from './database.ts'
import { asked } from './database.ts'
import type { StoreName } from './settings.ts'

export interface Recorded {
  store: StoreName
  key: string
  /** SHA-256; of a source, HMAC-SHA-256 under SOURCE_HASH_KEY. */
  digest: string
  keyed: boolean
}

/** Sources that intake took; their bare hashes are kept nowhere. */
const SOURCES = `
  select object_key as key, uploads.mac as digest from ingest.uploads join ingest.slides using (slide_id)
  where object_key is not null and uploads.mac is not null and source_removed_at is null
    and arrival in ('recognised', 'held', 'arrived') and coalesce(code, '') <> 'duplicate'`

/** Results of de-identification with all their files. */
const RESULTS = `
  select rendition as store, object_key as key, sha256 as digest, report from deidentify.slides
  where state in ('review', 'done') and object_key is not null`

const PYRAMIDS = `select object_key as key, sha256 as digest from pyramid.pyramids where state = 'done' and object_key is not null`

/** All objects of which a digest is recorded, of the schemas that are here. */
export async function recorded(addresses: Addresses): Promise<Recorded[]> {
  const { ingest, deidentify, pyramid } = addresses
  const found = new Map<string, Recorded>()
  const add = (one: Recorded): unknown => found.set(`${one.store}/${one.key}`, one)
  for (const { key, digest } of await rows(ingest, SOURCES)) add({ store: 'source', key, digest, keyed: true })
  for (const { key, digest } of await rows(pyramid, PYRAMIDS)) add({ store: 'pyramid', key, digest, keyed: false })
  for (const row of await rows<ResultRow>(deidentify, RESULTS)) for (const one of filesOf(row)) add(one)
  return [...found.values()]
}

interface Row {
  key: string
  digest: string
}
interface ResultRow extends Row {
  store: StoreName
  report: string | null
}

async function rows<Found extends Row = Row>(url: string | undefined, sql: string): Promise<Found[]> {
  return url === undefined ? [] : asked(url, async client => (await client.query<Found>(sql)).rows)
}

/** The main file, and those beside it that its report lists. */
function filesOf({ store, key, digest, report }: ResultRow): Recorded[] {
  const { files = [] } = (report ? JSON.parse(report) : {}) as { files?: { name: string; sha256: string }[] }
  const listed = files.map(file => ({ key: `${dirname(key)}/${file.name}`, digest: file.sha256 }))
  return [...listed, { key, digest }].map(one => ({ store, keyed: false, ...one }))
}
