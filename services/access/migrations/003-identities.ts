import type { Migration } from '@coverslip/platform/db/port.ts'

/** Accounts by who they are to an OpenID provider, what its groups give them, and sign-ins that have begun there. */
export const identities: Migration = {
  name: '003-identities',
  sql: schema => `
    CREATE TABLE "${schema}".identities (
      issuer text NOT NULL,
      subject text NOT NULL,
      account_id text NOT NULL REFERENCES "${schema}".accounts (id) ON DELETE CASCADE,
      PRIMARY KEY (issuer, subject),
      UNIQUE (account_id, issuer)
    );
    CREATE TABLE "${schema}".provided_memberships (
      account_id text NOT NULL REFERENCES "${schema}".accounts (id) ON DELETE CASCADE,
      project text NOT NULL,
      role text NOT NULL CHECK (role IN ('owner', 'steward', 'annotator', 'viewer')),
      PRIMARY KEY (account_id, project)
    );
    CREATE TABLE "${schema}".provider_sign_ins (
      hash text PRIMARY KEY,
      expires_at timestamptz NOT NULL
    );
  `,
}
