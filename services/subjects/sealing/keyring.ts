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

async function versionKey(queries: Queries, root: RootKey, version: number): Promise<Buffer> {
  const { wrapped } = await queries
    .selectFrom('ledger_keys')
    .select('wrapped')
    .where('version', '=', version)
    .executeTakeFirstOrThrow()
  return openVersion(root, version, wrapped)
}

function openVersion(root: RootKey, version: number, wrapped: Buffer | null): Buffer {
  if (wrapped) return unseal(root.wrapping, wrapped, versionPlace(version))
  // Between reading a subject's key and its version the key moved on.
  throw new ServiceError('unavailable', 'The keys of the ledger are being changed; try again')
}

/** Makes the key of a new subject. */
export async function makeSubjectKey(trx: Trx, root: RootKey, subjectId: string): Promise<Buffer> {
  const { version, key } = await currentVersion(trx, root)
  const own = newKey()
  const wrapped = seal(key, own, subjectPlace(subjectId))
  await trx.insertInto('subject_keys').values({ subject_id: subjectId, version, wrapped }).execute()
  return own
}

/** The key of a subject; undefined when it was destroyed. */
export async function subjectKey(queries: Queries, root: RootKey, subjectId: string): Promise<Buffer | undefined> {
  const row = await queries
    .selectFrom('subject_keys')
    .selectAll()
    .where('subject_id', '=', subjectId)
    .executeTakeFirst()
  return row && openSubjectKey(queries, root, row)
}

const openSubjectKey = async (queries: Queries, root: RootKey, row: WrappedKey): Promise<Buffer> =>
  unseal(await versionKey(queries, root, row.version), row.wrapped, subjectPlace(row.subject_id))

/** The same key, wrapped with another version. */
export const rewrap = async (queries: Queries, root: RootKey, row: WrappedKey, to: Version): Promise<Buffer> =>
  seal(to.key, await openSubjectKey(queries, root, row), subjectPlace(row.subject_id))

/** From now on nothing that was sealed for the subject can be read. */
export async function destroySubjectKey(trx: Trx, subjectId: string): Promise<void> {
  await trx.deleteFrom('subject_keys').where('subject_id', '=', subjectId).execute()
}
