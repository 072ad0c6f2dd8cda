import type { Migration } from '@coverslip/platform/db/port.ts'

/** A release name holds the subject's pseudonym: marks of withdrawn slides lose theirs. */
export const namelessMarks: Migration = {
  name: '003-nameless-marks',
  sql: schema => `
    update "${schema}".slides set name = 'S-' || upper(replace(id::text, '-', '')) where state = 'withdrawn'`,
}
