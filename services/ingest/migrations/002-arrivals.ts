import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * Slides wait for review, for their subject's admission, and forget what they were called once they have a release name.
 * What tells files apart is a keyed hash (`mac`): the bare hashes of sources go, their empty column stays for
 * replicas of the version before. A late upload is an annotation file of a
 * slide that has all its files. `watched` remembers what lies in the watched folders, by keyed hashes of path, sizes and
 * times; `name` is plain only until the slide is released.
 */
export const arrivals: Migration = {
  name: '002-arrivals',
  sql: schema => `
    alter table ${schema}.slides
      drop constraint slides_state_check,
      drop constraint slides_arrival_check,
      alter column source_name drop not null,
      add column mac text,
      add column pseudonyms jsonb,
      add column research_number text,
      add column release_name text,
      add column ask_again boolean not null default false,
      add constraint slides_state_check check (state in ('received', 'held', 'deidentifying', 'quarantined', 'review',
        'rejected', 'tiling', 'ready', 'failed')),
      add constraint slides_arrival_check check (arrival in ('uploading', 'uploaded', 'recognised', 'held', 'arrived',
        'expired', 'deleted'));
    create index slides_mac on ${schema}.slides (project, mac) where mac is not null;
    update ${schema}.uploads set sha256 = null where sha256 is not null;
    alter table ${schema}.uploads
      add column mac text,
      add column late boolean not null default false,
      add column announced_at timestamptz;
    create table ${schema}.watched (
      place text primary key,
      folder text not null,
      fingerprint text not null,
      kind text not null check (kind in ('slide', 'annotations', 'link')),
      name text,
      state text not null check (state in ('settling', 'copying', 'taken', 'refused')),
      reason text,
      slide_id uuid,
      looks integer not null default 1,
      attempts integer not null default 0,
      since timestamptz not null default now(),
      seen_at timestamptz not null default now(),
      next_at timestamptz,
      claimed_until timestamptz
    );
    create index watched_slide on ${schema}.watched (slide_id);
    create index watched_open on ${schema}.watched (folder, state) where state <> 'taken';
    create table ${schema}.watched_folders (
      folder text primary key,
      project text not null,
      looked_at timestamptz not null,
      look_ms integer not null,
      files integer not null,
      problem text
    )`,
}
