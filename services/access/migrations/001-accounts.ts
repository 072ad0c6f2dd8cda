import type { Migration } from '@coverslip/platform/db/port.ts'

/** Nothing here signs anybody in: codes are kept as hashes, tokens by their id alone. */
export const accounts: Migration = {
  name: '001-accounts',
  sql: schema => `
    CREATE TABLE "${schema}".accounts (
      id text PRIMARY KEY,
      email text NOT NULL UNIQUE,
      name text NOT NULL,
      level integer NOT NULL,
      created_at timestamptz NOT NULL
    );
    CREATE TABLE "${schema}".memberships (
      account_id text NOT NULL REFERENCES "${schema}".accounts (id) ON DELETE CASCADE,
      project text NOT NULL,
      role text NOT NULL CHECK (role IN ('owner', 'steward', 'annotator', 'viewer')),
      PRIMARY KEY (account_id, project)
    );
    CREATE TABLE "${schema}".sign_in_codes (
      hash text PRIMARY KEY,
      account_id text NOT NULL REFERENCES "${schema}".accounts (id) ON DELETE CASCADE,
      expires_at timestamptz NOT NULL,
      used_at timestamptz
    );
    CREATE TABLE "${schema}".tokens (
      id text PRIMARY KEY,
      account_id text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('session', 'token', 'grant')),
      label text NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      revoked_at timestamptz
    );
    CREATE INDEX tokens_of_account ON "${schema}".tokens (account_id, created_at DESC);
    CREATE TABLE "${schema}".audit (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL,
      account_id text,
      what text NOT NULL
    );
    CREATE TABLE "${schema}".attempts (
      key text PRIMARY KEY,
      count integer NOT NULL,
      forget_at timestamptz NOT NULL
    );
  `,
}
