import type { Migration } from '@coverslip/platform/db/port.ts'

/** One row per slide that was worked on; a deleted slide is remembered, so that a late event does not bring it back. */
export const slides: Migration = {
  name: '001-slides',
  sql: schema => `
    create table ${schema}.slides (
      slide_id uuid primary key,
      state text not null check (state in ('done', 'failed', 'deleted')),
      revision integer not null,
      project text not null,
      format text not null,
      rendition text check (rendition in ('original', 'pyramid')),
      object_key text,
      bytes bigint,
      sha256 text,
      report text,
      changed_at timestamptz not null default now()
    )`,
}
