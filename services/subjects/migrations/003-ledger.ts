import type { Migration } from '@coverslip/platform/db/port.ts'

/** Whether the ledger is kept, and the look-ups that were asked of it. */
export const ledger: Migration = {
  name: '003-ledger',
  sql: schema => `
    create table ${schema}.ledger (
      one boolean primary key check (one),
      is_on boolean not null,
      changed_by text not null,
      changed_at timestamptz not null
    );
    insert into ${schema}.ledger values (true, true, 'system', now());
    create table ${schema}.lookups (
      id uuid primary key,
      project text not null,
      subject_id uuid references ${schema}.subjects,
      reason text not null,
      requested_by text not null,
      requested_at timestamptz not null,
      decided_by text,
      decided_at timestamptz,
      approved boolean,
      check (decided_by <> requested_by)
    );
    create index lookups_newest on ${schema}.lookups (requested_at desc, id desc)`,
}
