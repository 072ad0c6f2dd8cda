import type { Migration } from '@coverslip/platform/db/port.ts'

/** Pyramids that are near the readers, or are to be; and what keeps slides there whoever looks at them. */
export const stage: Migration = {
  name: '004-stage',
  sql: schema => `
    create table ${schema}.staged (
      object_key text primary key,
      slide_id text not null,
      project text not null,
      bytes bigint not null,
      sha256 text not null,
      state text not null check (state in ('wanted', 'copying', 'staged', 'leaving')),
      viewed_at timestamptz,
      holder text,
      seen_at timestamptz,
      attempts integer not null default 0,
      not_before timestamptz not null default now(),
      reason text
    );
    create index staged_slide on ${schema}.staged (slide_id);
    create table ${schema}.pins (
      name text not null,
      slide_id text not null,
      project text not null,
      pinned_by text not null,
      pinned_at timestamptz not null default now(),
      primary key (name, slide_id)
    );
    create index pins_slide on ${schema}.pins (slide_id)`,
}
