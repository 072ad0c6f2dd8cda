import type { Migration } from '@coverslip/platform/db/port.ts'

/** Who was shown which picture of which revision: nobody approves what they were not shown. */
export const looks: Migration = {
  name: '005-looks',
  sql: schema => `
    create table ${schema}.looks (
      slide_id uuid not null references ${schema}.reviews on delete cascade,
      revision integer not null,
      image text not null,
      who text not null,
      at timestamptz not null default now(),
      primary key (slide_id, revision, who, image)
    )`,
}
