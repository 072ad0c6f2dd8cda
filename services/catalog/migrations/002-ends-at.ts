import type { Migration } from '@coverslip/platform/db/port.ts'

/** When the tiling that is under way will probably end. */
export const endsAt: Migration = {
  name: '002-ends-at',
  sql: schema => `alter table "${schema}".slides add column ends_at timestamptz`,
}
