/**
 * Envelope: the root key wraps the versions of the ledger's key, a version wraps the subjects' own keys, a subject's key
 * seals what identifies that subject. Destroying a subject's key makes all of it unreadable, also in rows not yet removed.
 */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Queries, Trx } from '../store.ts'
import type { RootKey } from './root-key.ts'
import { newKey, seal, unseal } from './seal.ts'

interface Version {
  version: number
  key: Buffer
}
interface WrappedKey {
  subject_id: string
  version: number
  wrapped: Buffer
}

const versionPlace = (version: number): string => `ledger_keys/${version}`
const subjectPlace = (subjectId: string): string => `subject_keys/${subjectId}`

/**
 * Makes the first version when there is none; checks that the root key is the right one.
 * @throws BrokenSealError when the database was sealed with another root key
 */
export async function openKeyring(queries: Queries, root: RootKey): Promise<void> {
  await addVersion(queries, root, 1)
  await currentVersion(queries, root)
}

/** Adds a version; nothing happens when it is there. */
export async function addVersion(queries: Queries, root: RootKey, version: number): Promise<void> {
  const wrapped = seal(root.wrapping, newKey(), versionPlace(version))
  await queries
    .insertInto('ledger_keys')
    .values({ version, wrapped, destroyed_at: null })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

/** The newest version, which wraps new keys; inside a transaction it is not destroyed before that ends. */
export async function currentVersion(queries: Queries, root: RootKey): Promise<Version> {
  const { version, wrapped } = await queries
    .selectFrom('ledger_keys')
    .select(['version', 'wrapped'])
    .orderBy('version', 'desc')
    .limit(1)
    .forShare()
    .executeTakeFirstOrThrow()
  return { version, key: openVersion(root, version, wrapped) }
}

async function versionKeys(queries: Queries, root: RootKey, versions: readonly number[]): Promise<Map<number, Buffer>> {
  const rows = await queries
    .selectFrom('ledger_keys')
    .select(['version', 'wrapped'])
    .where('version', 'in', [...new Set(versions)])
    .execute()
  return new Map(rows.map(({ version, wrapped }) => [version, openVersion(root, version, wrapped)]))
}

function openVersion(root: RootKey, version: number, wrapped: Buffer | null): Buffer {
  if (wrapped) return unseal(root.wrapping, wrapped, versionPlace(version))
  // Between reading a subject's key and its version the key moved on.
  throw new ServiceError('unavailable', 'The keys of the ledger are being changed; try again')
}

/** Makes the keys of new subjects. */
export async function makeSubjectKeys(trx: Trx, root: RootKey, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length === 0) return
  const { version, key } = await currentVersion(trx, root)
  const rows = subjectIds.map(id => ({ subject_id: id, version, wrapped: seal(key, newKey(), subjectPlace(id)) }))
  await trx.insertInto('subject_keys').values(rows).execute()
}

/** The keys of subjects, without those that were destroyed. */
export async function subjectKeys(
  queries: Queries,
  root: RootKey,
  subjectIds: readonly string[],
): Promise<Map<string, Buffer>> {
  if (subjectIds.length === 0) return new Map()
  const rows = await queries
    .selectFrom('subject_keys')
    .selectAll()
    .where('subject_id', 'in', [...new Set(subjectIds)])
    .execute()
  return openSubjectKeys(queries, root, rows)
}

/** The key of a subject; undefined when it was destroyed. */
export const subjectKey = async (queries: Queries, root: RootKey, subjectId: string): Promise<Buffer | undefined> =>
  (await subjectKeys(queries, root, [subjectId])).get(subjectId)

async function openSubjectKeys(
  queries: Queries,
  root: RootKey,
  rows: readonly WrappedKey[],
): Promise<Map<string, Buffer>> {
  if (rows.length === 0) return new Map()
  const versions = await versionKeys(
    queries,
    root,
    rows.map(({ version }) => version),
  )
  return new Map(
    rows.map(({ subject_id: id, version, wrapped }) => [id, unseal(versions.get(version)!, wrapped, subjectPlace(id))]),
  )
}

/** The same key, wrapped with another version. */
export async function rewrap(queries: Queries, root: RootKey, row: WrappedKey, to: Version): Promise<Buffer> {
  const key = (await openSubjectKeys(queries, root, [row])).get(row.subject_id)!
  return seal(to.key, key, subjectPlace(row.subject_id))
}

/** From now on nothing that was sealed for the subject can be read. */
export async function destroySubjectKey(trx: Trx, subjectId: string): Promise<void> {
  await trx.deleteFrom('subject_keys').where('subject_id', '=', subjectId).execute()
}
