import { auditTable } from '@coverslip/platform/audit/table.ts'
import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * The audit as the platform keeps it; entries of the former table are adopted at the start (review/audit.ts). Releases
 * know the revision and size of what was released, which annotation files need. Both former tables stay for processes of
 * the version before.
 */
export const auditEntries: Migration = {
  name: '004-audit-entries',
  sql: schema => `${auditTable(schema)};
    drop trigger audit_only_grows on ${schema}.audit;
    alter table ${schema}.releases
      add column revision integer,
      add column width integer,
      add column height integer;
    update ${schema}.releases as known set revision = had.revision, width = had.width, height = had.height
      from ${schema}.released_slides as had where had.slide_id = known.slide_id and known.subject <> '';
    delete from ${schema}.released_slides`,
}
