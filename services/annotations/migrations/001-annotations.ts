import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * `annotations` holds the current version of each (of a deleted one its tombstone), `versions` every former one.
 * `place` is the bounding box, moved down by the slide's number so that no two slides overlap: one GiST index then
 * answers for one slide without the extension that an index on slide and box together would need.
 */
export const annotations: Migration = {
  name: '001-annotations',
  sql: schema => `
    CREATE TABLE "${schema}".slides (
      id uuid PRIMARY KEY,
      number bigint GENERATED ALWAYS AS IDENTITY,
      seq bigint NOT NULL,
      is_deleted boolean NOT NULL
    );
    CREATE TABLE "${schema}".annotations (
      slide_id uuid NOT NULL REFERENCES "${schema}".slides,
      id uuid NOT NULL,
      version integer NOT NULL,
      seq bigint NOT NULL,
      created_seq bigint NOT NULL,
      is_deleted boolean NOT NULL,
      place box,
      content jsonb,
      bytes integer NOT NULL,
      digest text,
      origin text NOT NULL,
      author text NOT NULL,
      changed_by text NOT NULL,
      created_at timestamptz NOT NULL,
      changed_at timestamptz NOT NULL,
      PRIMARY KEY (slide_id, id)
    );
    CREATE UNIQUE INDEX annotations_by_change ON "${schema}".annotations (slide_id, seq);
    CREATE UNIQUE INDEX annotations_by_creation ON "${schema}".annotations (slide_id, created_seq);
    CREATE INDEX annotations_by_place ON "${schema}".annotations USING gist (place);
    CREATE TABLE "${schema}".versions (
      slide_id uuid NOT NULL REFERENCES "${schema}".slides,
      id uuid NOT NULL,
      version integer NOT NULL,
      seq bigint NOT NULL,
      content jsonb,
      bytes integer NOT NULL,
      origin text NOT NULL,
      changed_by text NOT NULL,
      changed_at timestamptz NOT NULL,
      PRIMARY KEY (slide_id, id, version)
    );
    CREATE UNIQUE INDEX versions_by_change ON "${schema}".versions (slide_id, seq);
  `,
}
