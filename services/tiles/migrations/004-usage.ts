import type { Migration } from '@coverslip/platform/db/port.ts'

/** What was read out of the stores, by day and purpose. */
export const usage: Migration = {
  name: '004-usage',
  sql: schema => `
    create table ${schema}.usage (
      day date not null,
      purpose text not null,
      requests bigint not null,
      bytes bigint not null,
      primary key (day, purpose)
    )`,
}
