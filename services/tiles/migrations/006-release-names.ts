import type { Migration } from '@coverslip/platform/db/port.ts'

/** What a slide is called outside: downloads are named after it. Goes with the slide. */
export const releaseNames: Migration = {
  name: '006-release-names',
  sql: schema => `alter table ${schema}.slides add column release_name text`,
}
