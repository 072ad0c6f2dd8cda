import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Kysely } from 'kysely'
import { hashOf } from './codes.ts'
import { type AccessTables, countAttempt } from './store.ts'

const WINDOW_MS = 15 * 60_000
const PER_ADDRESS = 5
const IN_ALL = 200

/**
 * Counts a wish for a sign-in link, in the database and so for all replicas. Addresses without an account count alike,
 * so that the answer tells nothing of who has one; they are kept as hashes.
 * @throws ServiceError `too-many`
 */
export async function countLinkRequest(query: Kysely<AccessTables>, email: string, now: Date): Promise<void> {
  const window = Math.floor(now.getTime() / WINDOW_MS)
  const forgetAt = new Date((window + 1) * WINDOW_MS)
  const all = await countAttempt(query, `link:${window}`, forgetAt)
  const own = all > IN_ALL ? all : await countAttempt(query, `link:${window}:${hashOf(email)}`, forgetAt)
  if (all > IN_ALL || own > PER_ADDRESS) {
    throw new ServiceError('too-many', 'Too many sign-in links were asked for; try again in a quarter of an hour')
  }
}
