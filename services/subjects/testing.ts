/** The service for tests of its parts: its own database, a key of its own, events read back. */
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { config } from './config.ts'
import type { SubjectsDeps } from './deps.ts'
import { migrations } from './migrations/index.ts'
import { openKeyring } from './sealing/keyring.ts'
import { openRootKey } from './sealing/root-key.ts'
import { newKeyText } from './sealing/seal.ts'
import { STANDARD } from './vocabularies/vocabulary.ts'

export async function openSubjects(environment: Record<string, string> = {}): Promise<TestDeps<SubjectsDeps>> {
  const opened = await openTestDeps<SubjectsDeps>({ name: 'subjects', config, migrations, environment })
  const root = await openRootKey({ SUBJECTS_KEY: newKeyText(), SUBJECTS_KEY_FOLDER: '' })
  await openKeyring(opened.deps.db.query, root)
  return { ...opened, deps: { ...opened.deps, root, vocabulary: STANDARD } }
}

/** All that the schema holds, as text: what must not be found there is not found in this. */
export async function databaseText({ db }: Pick<SubjectsDeps, 'db'>): Promise<string> {
  const tables = [
    'ledger_keys',
    'subjects',
    'subject_keys',
    'pieces',
    'lines',
    'refused_lines',
    'slides',
    'consents',
    'attestations',
    'audit',
    'audit_entries',
    'lookups',
    'withdrawals',
    'withdrawal_slides',
    'receipts',
    'outbox',
  ]
  const rows = await Promise.all(
    tables.map(table =>
      db.query
        .selectFrom(table as 'slides')
        .selectAll()
        .execute(),
    ),
  )
  return JSON.stringify(rows, (_key, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
  )
}
