import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * What is being built: a row per slide and revision; one per task of it, which are its parts from 0 on and the assembly
 * (-1); all gone when there is an outcome. Whoever works on a task holds its row by signs of life (`seen_at`). And what
 * was measured on each pyramid.
 */
export const builds: Migration = {
  name: '002-builds',
  sql: schema => `
    create table ${schema}.builds (
      slide_id uuid not null,
      revision integer not null,
      event text not null,
      plan text not null,
      parts integer not null,
      next_part integer not null,
      cpu_ms bigint not null default 0,
      moved_bytes bigint not null default 0,
      planned_at timestamptz not null default now(),
      begun_at timestamptz,
      told_at timestamptz,
      told_fraction double precision not null default 0,
      pace double precision,
      primary key (slide_id, revision)
    );
    create table ${schema}.tasks (
      slide_id uuid not null,
      revision integer not null,
      task integer not null,
      state text not null check (state in ('wanted', 'done')),
      weight double precision not null,
      fraction double precision not null default 0,
      holder uuid,
      seen_at timestamptz,
      attempts integer not null default 0,
      bytes bigint,
      sha256 text,
      primary key (slide_id, revision, task),
      foreign key (slide_id, revision) references ${schema}.builds on delete cascade
    );
    create table ${schema}.quality (
      slide_id uuid not null,
      revision integer not null,
      report text not null,
      primary key (slide_id, revision)
    )`,
}
