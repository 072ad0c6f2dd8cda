import type { Migration } from '@coverslip/platform/db/port.ts'

/**
 * The selection rules of projects with all their versions, what is known of subjects for them (sealed), and the audit,
 * which only grows: each entry's hash covers the one before it.
 */
export const rules: Migration = {
  name: '002-rules',
  sql: schema => `
    create table ${schema}.selection_rules (
      project text not null,
      version integer not null,
      rules jsonb not null,
      changed_by text not null,
      changed_at timestamptz not null,
      primary key (project, version)
    );
    create table ${schema}.consents (
      subject_id uuid primary key references ${schema}.subjects,
      sealed bytea not null,
      recorded_by text not null,
      recorded_at timestamptz not null
    );
    create table ${schema}.attestations (
      subject_id uuid not null references ${schema}.subjects,
      kind text not null,
      slide text not null,
      sealed bytea not null,
      attested_by text not null,
      attested_at timestamptz not null,
      primary key (subject_id, kind, slide)
    );
    create table ${schema}.audit (
      seq integer primary key,
      at timestamptz not null,
      actor text not null,
      project text not null,
      action text not null,
      what text not null,
      hash text not null
    );
    create function ${schema}.refuse_change() returns trigger language plpgsql as
      $$ begin raise exception 'the audit only grows'; end $$;
    create trigger audit_rows before update or delete on ${schema}.audit
      for each row execute function ${schema}.refuse_change();
    create trigger audit_all before truncate on ${schema}.audit
      for each statement execute function ${schema}.refuse_change()`,
}
