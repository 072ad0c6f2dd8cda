import { auditTable } from '@coverslip/platform/audit/table.ts'
import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * The audit as the platform keeps it. Entries of the former table are adopted at the start (audit.ts); it stays for
 * processes of the version before, which still add to it.
 */
export const auditEntries: Migration = {
  name: '006-audit-entries',
  sql: schema => `${auditTable(schema)};
    drop trigger audit_rows on ${schema}.audit;
    drop trigger audit_all on ${schema}.audit`,
}
