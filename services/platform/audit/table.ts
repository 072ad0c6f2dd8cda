/** Where a service keeps its audit. */
import type { Kysely, Transaction } from 'kysely'

export interface AuditRow {
  seq: string | number | bigint
  at: string
  actor: string
  project: string
  action: string
  thing: string | null
  /** JSON, as text: the hash is of its characters. */
  what: string
  /** Of the words; nobody who has it can try words against it once the salt is gone. */
  commitment: string | null
  salt: string | null
  words: string | null
  hash: string
}
export interface AuditTables {
  audit_entries: AuditRow
}

/** SQL for a migration: the table, which refuses whatever is not a new entry or the erasure of words. */
export const auditTable = (schema: string): string => `
    create table ${schema}.audit_entries (
      seq bigint primary key,
      at text not null,
      actor text not null,
      project text not null,
      action text not null,
      thing text,
      what text not null,
      commitment text,
      salt text,
      words text,
      hash text not null
    );
    create index audit_entries_thing on ${schema}.audit_entries (thing);
    create function ${schema}.refuse_audit_change() returns trigger language plpgsql as $$
      begin
        if tg_op = 'UPDATE' then
          if new.words is null and new.salt is null
            and to_jsonb(new) - 'words' - 'salt' = to_jsonb(old) - 'words' - 'salt' then return new; end if;
        end if;
        raise exception 'the audit only grows';
      end $$;
    create trigger audit_entries_rows before update or delete on ${schema}.audit_entries
      for each row execute function ${schema}.refuse_audit_change();
    create trigger audit_entries_all before truncate on ${schema}.audit_entries
      for each statement execute function ${schema}.refuse_audit_change()`

/** A service's queries or transaction, whatever tables it has. */
export type Queries<Tables> = Kysely<Tables> | Transaction<Tables>
export const tablesOf = <Tables>(queries: Queries<Tables>) => queries as unknown as Kysely<AuditTables>
