import type { Migration } from '@coverslip/platform/db/port.ts'

/** Where the bus keeps what describes a slide, so that it goes with the slide. */
export const keptEvents: Migration = {
  name: '004-kept-events',
  sql: schema => `
    create table "${schema}".kept_events (
      slide_id uuid not null,
      place text not null,
      primary key (slide_id, place)
    )`,
}
