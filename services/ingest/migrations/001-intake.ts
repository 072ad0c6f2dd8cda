import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * Intake records, with the names that sources came with, and the files of each. `arrival` says how far the bytes are,
 * `state` how far the slide is. A lock on an upload is a lease: replicas share it, and it ends by itself when one dies.
 */
export const intake: Migration = {
  name: '001-intake',
  sql: schema => `
    create table ${schema}.slides (
      slide_id uuid primary key,
      project text not null,
      uploader text not null,
      source_name text not null,
      set_id uuid,
      set_size integer not null,
      arrival text not null check (arrival in ('uploading', 'uploaded', 'arrived', 'expired', 'deleted')),
      state text not null
        check (state in ('received', 'deidentifying', 'tiling', 'ready', 'held', 'quarantined', 'failed')),
      revision integer not null default 0,
      progress double precision not null default 0,
      code text,
      reason text,
      format text,
      source_bytes bigint not null default 0,
      source_removed_at timestamptz,
      traceparent text,
      attempts integer not null default 0,
      claimed_until timestamptz,
      received_at timestamptz not null,
      changed_at timestamptz not null
    );
    create unique index slides_set on ${schema}.slides (uploader, set_id);
    create index slides_newest on ${schema}.slides (received_at desc, slide_id desc);
    create index slides_arrival on ${schema}.slides (arrival);
    create table ${schema}.uploads (
      upload_id uuid primary key,
      slide_id uuid not null references ${schema}.slides on delete cascade,
      path text not null,
      size bigint,
      finished_at timestamptz,
      object_key text,
      sha256 text,
      created_at timestamptz not null default now(),
      unique (slide_id, path)
    );
    create table ${schema}.upload_locks (
      name text primary key,
      holder uuid not null,
      expires_at timestamptz not null,
      wanted boolean not null default false
    )`,
}
