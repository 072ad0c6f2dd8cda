import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * Lines that were refused hold their file's slides until a later manifest says it right. Nothing of the line is kept but
 * the keyed fingerprint of its file and the reason, which quotes no value. Manifests are counted: the later one counts.
 */
export const refusedLines: Migration = {
  name: '005-refused-lines',
  sql: schema => `
    create sequence ${schema}.manifests as integer;
    alter table ${schema}.lines add column manifest integer not null default 0;
    create table ${schema}.refused_lines (
      project text not null,
      file_fingerprint text not null,
      manifest integer not null,
      line integer not null,
      reason text not null,
      primary key (project, file_fingerprint)
    )`,
}
