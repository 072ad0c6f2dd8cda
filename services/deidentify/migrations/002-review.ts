import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * The human gate and releases. A review holds what a release or a redaction of a waiting slide takes; what identifies is
 * not among it but for the research number, which is forgotten at the release. `releases` is the manifest: names are never
 * changed and never given twice, not even those of deleted slides. The audit is a chain of hashes that only grows.
 */
export const review: Migration = {
  name: '002-review',
  sql: schema => `
    alter table ${schema}.slides drop constraint slides_state_check;
    alter table ${schema}.slides add constraint slides_state_check
      check (state in ('review', 'done', 'failed', 'rejected', 'deleted'));
    create table ${schema}.reviews (
      slide_id uuid primary key references ${schema}.slides on delete cascade,
      project text not null,
      state text not null check (state in ('waiting', 'redacting', 'approved', 'rejected', 'failed')),
      revision integer not null,
      research_number text,
      received text,
      announcement text not null,
      facts text not null,
      flagged text not null,
      flags integer not null,
      redacted text not null,
      decision text check (decision in ('approve', 'reject')),
      decided_by text,
      decided_at timestamptz,
      reason text,
      release_name text,
      arrived_at timestamptz not null,
      changed_at timestamptz not null
    );
    create index reviews_longest on ${schema}.reviews (project, state, arrived_at, slide_id);
    create table ${schema}.gates (
      project text primary key,
      is_on boolean not null,
      reason text not null,
      who text not null,
      at timestamptz not null
    );
    create table ${schema}.nomenclatures (
      project text not null,
      version integer not null,
      nomenclature text not null,
      who text not null,
      at timestamptz not null,
      primary key (project, version)
    );
    create table ${schema}.releases (
      slide_id uuid primary key,
      project text not null,
      name text not null,
      scheme text not null,
      subject text not null,
      slots text not null,
      told text not null,
      owner text not null,
      at timestamptz not null
    );
    create unique index releases_name on ${schema}.releases (upper(name));
    create index releases_project on ${schema}.releases (project);
    create table ${schema}.audit (
      seq bigint primary key,
      at text not null,
      who text not null,
      what text not null,
      project text not null,
      slide_id text,
      revision integer,
      reason text,
      previous text not null,
      hash text not null
    );
    create index audit_slide on ${schema}.audit (slide_id);
    create function ${schema}.audit_only_grows() returns trigger language plpgsql as $$
      begin raise exception 'the audit only grows'; end $$;
    create trigger audit_only_grows before update or delete or truncate on ${schema}.audit
      for each statement execute function ${schema}.audit_only_grows()`,
}
