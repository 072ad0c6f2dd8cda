import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * Subjects, what was taken of them, and the slides that hang on it. What identifies a person is kept sealed with the
 * subject's own key, or as a keyed fingerprint; every other column holds pseudonyms and codes. A fingerprint that is null
 * was forgotten.
 */
export const subjects: Migration = {
  name: '001-subjects',
  sql: schema => `
    create table ${schema}.ledger_keys (
      version integer primary key,
      wrapped bytea,
      created_at timestamptz not null default now(),
      destroyed_at timestamptz
    );
    create table ${schema}.subjects (
      id uuid primary key,
      project text not null,
      pseudonym text not null unique,
      fingerprint text,
      named boolean not null,
      state text not null check (state in ('active', 'withdrawing', 'withdrawn')),
      created_at timestamptz not null default now(),
      unique (project, fingerprint)
    );
    create index subjects_newest on ${schema}.subjects (created_at desc, id desc);
    create table ${schema}.subject_keys (
      subject_id uuid primary key references ${schema}.subjects,
      version integer not null references ${schema}.ledger_keys,
      wrapped bytea not null
    );
    create index subject_keys_version on ${schema}.subject_keys (version);
    create table ${schema}.pieces (
      subject_id uuid not null references ${schema}.subjects,
      kind text not null check (kind in ('case', 'specimen', 'block', 'glass')),
      code text not null,
      fingerprint text,
      primary key (subject_id, kind, code),
      unique (subject_id, kind, fingerprint)
    );
    create table ${schema}.lines (
      id uuid primary key,
      project text not null,
      subject_id uuid not null references ${schema}.subjects,
      file_fingerprint text not null,
      digest text not null,
      sealed bytea,
      pseudonyms jsonb not null,
      material jsonb not null,
      changed_at timestamptz not null default now(),
      unique (project, file_fingerprint)
    );
    create index lines_subject on ${schema}.lines (subject_id);
    create table ${schema}.slides (
      slide_id uuid primary key,
      project text not null,
      subject_id uuid references ${schema}.subjects,
      state text not null check (state in ('held', 'admitted', 'released', 'gone')),
      format text not null,
      name_fingerprint text,
      stem_fingerprint text,
      sealed_name bytea,
      pseudonyms jsonb not null,
      material jsonb not null,
      research_number text unique,
      release_name text,
      seen_at timestamptz not null default now()
    );
    create index slides_subject on ${schema}.slides (subject_id);
    create index slides_name on ${schema}.slides (project, name_fingerprint);
    create index slides_stem on ${schema}.slides (project, stem_fingerprint)`,
}
