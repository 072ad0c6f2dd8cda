/** New versions of the ledger's key: subjects' keys move to the newest one, then the old ones are destroyed. */
import type { Db } from '@coverslip/platform/db/port.ts'
import type { Tables, Trx } from '../store.ts'
import { addVersion, currentVersion, rewrap } from './keyring.ts'
import type { RootKey } from './root-key.ts'

const KEYS_AT_ONCE = 200

/** Adds a version, with which new keys are wrapped from now on. @returns its number */
export async function rotate(trx: Trx, root: RootKey): Promise<number> {
  const { version } = await currentVersion(trx, root)
  await addVersion(trx, root, version + 1)
  return version + 1
}

/** Wraps some keys with the newest version. @returns whether there were any */
export function rewrapSome(db: Db<Tables>, root: RootKey): Promise<boolean> {
  return db.transaction(async trx => {
    const newest = await currentVersion(trx, root)
    const old = await trx
      .selectFrom('subject_keys')
      .select('subject_id')
      .where('version', '<', newest.version)
      .limit(KEYS_AT_ONCE)
      .forUpdate()
      .skipLocked()
      .execute()
    for (const row of old) {
      const wrapped = await rewrap(trx, root, row.subject_id, newest)
      if (!wrapped) continue
      await trx
        .updateTable('subject_keys')
        .set({ version: newest.version, wrapped })
        .where('subject_id', '=', row.subject_id)
        .execute()
    }
    return old.length > 0
  })
}

/**
 * Destroys the versions that no key is wrapped with; what they wrapped, in a backup for one, cannot be opened any more.
 * @returns their numbers
 */
export async function destroyUnused(trx: Trx): Promise<number[]> {
  // Waits for whoever is making a key with one of these; see currentVersion.
  const kept = await trx
    .selectFrom('ledger_keys')
    .select('version')
    .where('wrapped', 'is not', null)
    .orderBy('version', 'desc')
    .forUpdate()
    .execute()
  const destroyed: number[] = []
  for (const { version } of kept.slice(1)) {
    const used = await trx
      .selectFrom('subject_keys')
      .select('version')
      .where('version', '=', version)
      .limit(1)
      .executeTakeFirst()
    if (used) continue
    await trx
      .updateTable('ledger_keys')
      .set({ wrapped: null, destroyed_at: new Date() })
      .where('version', '=', version)
      .execute()
    destroyed.push(version)
  }
  return destroyed
}
