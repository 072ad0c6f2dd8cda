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

function openVersion(root: RootKey, version: number, wrapped: Buffer | null): Buffer {
  if (wrapped) return unseal(root.wrapping, wrapped, versionPlace(version))
  // The newest version was replaced, and destroyed, while this one waited for it.
  throw new ServiceError('unavailable', 'The keys of the ledger are being changed; try again')
}

/** Makes the keys of new subjects. */
export async function makeSubjectKeys(trx: Trx, root: RootKey, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length === 0) return
  const { version, key } = await currentVersion(trx, root)
  const rows = subjectIds.map(id => ({ subject_id: id, version, wrapped: seal(key, newKey(), subjectPlace(id)) }))
  await trx.insertInto('subject_keys').values(rows).execute()
}

/**
 * The keys of subjects, without those that were destroyed. One statement reads them with their versions: it sees them as
 * they are before a rotation or after it, and no version that is gone.
 */
export async function subjectKeys(
  queries: Queries,
  root: RootKey,
  subjectIds: readonly string[],
): Promise<Map<string, Buffer>> {
  if (subjectIds.length === 0) return new Map()
  const rows = await queries
    .selectFrom('subject_keys as own')
    .innerJoin('ledger_keys as with', 'with.version', 'own.version')
    .select(['own.subject_id', 'own.wrapped', 'with.version', 'with.wrapped as wrappedVersion'])
    .where('own.subject_id', 'in', [...new Set(subjectIds)])
    .execute()
  const versions = new Map<number, Buffer>()
  return new Map(
    rows.map(({ subject_id: id, wrapped, version, wrappedVersion }) => {
      const key = versions.get(version) ?? openVersion(root, version, wrappedVersion)
      versions.set(version, key)
      return [id, unseal(key, wrapped, subjectPlace(id))]
    }),
  )
}

/** The key of a subject; undefined when it was destroyed. */
export const subjectKey = async (queries: Queries, root: RootKey, subjectId: string): Promise<Buffer | undefined> =>
  (await subjectKeys(queries, root, [subjectId])).get(subjectId)

/** The same key, wrapped with another version; undefined when it was destroyed meanwhile. */
export async function rewrap(
  queries: Queries,
  root: RootKey,
  subjectId: string,
  to: Version,
): Promise<Buffer | undefined> {
  const key = await subjectKey(queries, root, subjectId)
  return key && seal(to.key, key, subjectPlace(subjectId))
}

/** From now on nothing that was sealed for the subject can be read. */
export async function destroySubjectKey(trx: Trx, subjectId: string): Promise<void> {
  await trx.deleteFrom('subject_keys').where('subject_id', '=', subjectId).execute()
}
