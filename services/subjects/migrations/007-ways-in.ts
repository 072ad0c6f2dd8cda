import type { Migration } from '@coverslip/platform/db/port.ts'

/** Where whoever asks had signed in: the issuer of an OpenID provider; null for a link. */
export const waysIn: Migration = {
  name: '007-ways-in',
  sql: schema => `alter table ${schema}.lookups add column requested_idp text`,
}
