import type { Migration } from '@coverslip/platform/db/port.ts'

/** One row per slide and revision; a deleted slide is remembered as revision 0, so that a late event does not bring it back. */
export const pyramids: Migration = {
  name: '001-pyramids',
  sql: schema => `
    create table ${schema}.pyramids (
      slide_id uuid not null,
      revision integer not null,
      state text not null check (state in ('done', 'failed', 'deleted')),
      project text not null,
      object_key text,
      bytes bigint,
      sha256 text,
      geometry text,
      changed_at timestamptz not null default now(),
      primary key (slide_id, revision)
    )`,
}
