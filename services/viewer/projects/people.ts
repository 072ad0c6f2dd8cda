/** People by their accounts' ids, as audits and look-ups tell them. */
import type { User } from '@coverslip/proto/api.ts'
import { json } from '../api.ts'

export type NameOf = (id: string) => string

/** Ids of accounts are UUIDs; whoever else acts (`system`, `setting`) has a word. */
const SHORT = 8

export const nameOf =
  (users: readonly User[]): NameOf =>
  id =>
    users.find(user => user.id === id)?.name || (id.length === 36 ? id.slice(0, SHORT) : id)

/** An id stays an id where the list of accounts is closed to somebody. */
export const people = (): Promise<NameOf> =>
  json<{ users: User[] }>('/api/users').then(
    ({ users }) => nameOf(users),
    () => nameOf([]),
  )
