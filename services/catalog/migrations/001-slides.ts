import type { Migration } from '@coverslip/platform/db/port.ts'

/** `project` is null while only a later event of the slide has arrived: such a slide is shown to nobody. */
export const slides: Migration = {
  name: '001-slides',
  sql: schema => `
    CREATE TABLE "${schema}".slides (
      id uuid PRIMARY KEY,
      project text,
      name text NOT NULL UNIQUE,
      state text NOT NULL CHECK (state IN ('tiling', 'ready', 'failed', 'withdrawn')),
      progress double precision NOT NULL,
      reason text,
      revision integer NOT NULL,
      described_revision integer NOT NULL,
      format text NOT NULL,
      geometry jsonb,
      subject text NOT NULL,
      "case" text NOT NULL,
      specimen text NOT NULL,
      block text NOT NULL,
      glass text NOT NULL,
      source_bytes bigint NOT NULL,
      original_bytes bigint NOT NULL,
      pyramid_bytes bigint NOT NULL,
      report_json text,
      created_at timestamptz NOT NULL,
      changed_at timestamptz NOT NULL
    );
    CREATE INDEX slides_newest ON "${schema}".slides (created_at DESC, id DESC);
    CREATE INDEX slides_newest_of_project ON "${schema}".slides (project, created_at DESC, id DESC);
  `,
}
