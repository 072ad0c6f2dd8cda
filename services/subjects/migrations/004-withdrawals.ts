import type { Migration } from '@coverslip/platform/db/port.ts'

/** Withdrawals of consent, and what every keeper said of a deleted slide: the receipts that make a proof. */
export const withdrawals: Migration = {
  name: '004-withdrawals',
  sql: schema => `
    create table ${schema}.withdrawals (
      id uuid primary key,
      subject_id uuid not null unique references ${schema}.subjects,
      project text not null,
      reason text not null,
      requested_by text not null,
      requested_at timestamptz not null,
      keepers jsonb not null,
      done_at timestamptz,
      proof text,
      proof_hash text,
      audit_seq integer
    );
    create table ${schema}.withdrawal_slides (
      withdrawal_id uuid not null references ${schema}.withdrawals,
      slide_id uuid not null,
      name text,
      primary key (withdrawal_id, slide_id)
    );
    create index withdrawal_slides_slide on ${schema}.withdrawal_slides (slide_id);
    create table ${schema}.receipts (
      slide_id uuid not null,
      service text not null,
      site text not null,
      objects bigint not null,
      rows bigint not null,
      bytes bigint not null,
      at timestamptz not null,
      downloads jsonb not null,
      primary key (slide_id, service, site)
    )`,
}
