import type { Migration } from '@coverslip/platform/db/port.ts'

/** How many work on a build at once, for the time left: its assembly is the work of one. */
export const workers: Migration = {
  name: '003-workers',
  sql: schema => `alter table ${schema}.builds add column workers double precision not null default 1`,
}
