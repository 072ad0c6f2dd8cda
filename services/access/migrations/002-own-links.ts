import type { Migration } from '@coverslip/platform/db/port.ts'

/** Whether a link went to its account's address and to nobody else; of those made before it is not known. */
export const ownLinks: Migration = {
  name: '002-own-links',
  sql: schema => `alter table "${schema}".sign_in_codes add column own boolean not null default false`,
}
