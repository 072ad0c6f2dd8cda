import type { Migration } from '@coverslip/platform/db/port.ts'

/** The slides served, each with its newest revision; a deleted one stays as a mark, since events may come late. */
export const slides: Migration = {
  name: '001-slides',
  sql: schema => `
    create table ${schema}.slides (
      slide_id text primary key,
      revision integer not null,
      project text not null,
      object_key text not null,
      bytes bigint not null,
      sha256 text not null,
      width integer not null,
      height integer not null,
      tile_size integer not null,
      geometry jsonb not null,
      traceparent text,
      deleted boolean not null default false
    )`,
}
