import type { Migration } from '@coverslip/platform/db/port.ts'

/** What a slide can be seen from, each under a name of its own that never means other bytes; `slides` keeps what they share. */
export const renditions: Migration = {
  name: '002-renditions',
  sql: schema => `
    create table ${schema}.renditions (
      slide_id text not null,
      name text not null,
      revision integer not null,
      kind text not null check (kind in ('pyramid', 'original')),
      format text not null,
      object_key text not null,
      more_keys jsonb not null,
      bytes bigint not null,
      sha256 text not null,
      width integer not null,
      height integer not null,
      tile_size integer not null,
      geometry jsonb not null,
      primary key (slide_id, name)
    );
    insert into ${schema}.renditions
      select slide_id, revision::text, revision, 'pyramid', 'generic-tiff', object_key, '[]'::jsonb, bytes, sha256,
        width, height, tile_size, geometry
      from ${schema}.slides where not deleted;
    alter table ${schema}.slides drop column revision, drop column object_key, drop column bytes, drop column sha256,
      drop column width, drop column height, drop column tile_size, drop column geometry`,
}
