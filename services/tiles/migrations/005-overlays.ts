import type { Migration } from '@coverslip/platform/db/port.ts'

/** Heat maps over slides; why they lie here: infra/decisions. */
export const overlays: Migration = {
  name: '005-overlays',
  sql: schema => `
    create table ${schema}.overlays (
      overlay_id text primary key,
      slide_id text not null,
      name text not null,
      x double precision not null,
      y double precision not null,
      width double precision not null,
      height double precision not null,
      columns integer not null,
      rows integer not null,
      low double precision not null,
      high double precision not null,
      shown_min double precision not null,
      shown_max double precision not null,
      steps bytea not null,
      created_by text not null,
      created_at timestamptz not null default now()
    );
    create index overlays_slide on ${schema}.overlays (slide_id)`,
}
