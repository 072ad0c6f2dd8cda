import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * Annotation files that came with a slide, or later, and slides that are out: whichever of the two comes second lets the
 * file go. Of a file that was refused the reason is kept; it quotes nothing.
 */
export const annotationFiles: Migration = {
  name: '003-annotation-files',
  sql: schema => `
    create table ${schema}.annotation_files (
      slide_id uuid not null,
      source_key text not null,
      state text not null check (state in ('waiting', 'released', 'refused')),
      annotations integer not null default 0,
      skipped integer not null default 0,
      dropped text,
      reason text,
      changed_at timestamptz not null default now(),
      primary key (slide_id, source_key)
    );
    create table ${schema}.released_slides (
      slide_id uuid primary key,
      project text not null,
      revision integer not null,
      width integer not null,
      height integer not null
    )`,
}
