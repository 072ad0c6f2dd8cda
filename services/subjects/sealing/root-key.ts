/** The one key that is not in the database: it opens the versions of the ledger's key, makes fingerprints and chains the audit. */
import { createHmac, hkdfSync } from 'node:crypto'
import { type AuditChain, auditChain } from '@coverslip/platform/audit/chain.ts'
import { keepKey } from '@coverslip/platform/auth/keys.ts'
import { ConfigError } from '@coverslip/platform/config.ts'
import { KEY_BYTES, newKeyText } from './seal.ts'

export interface RootKey {
  /** Wraps the versions of the ledger's key. */
  wrapping: Buffer
  /** Makes fingerprints. */
  index: Buffer
  audit: AuditChain
}

/** @throws ConfigError for a key of another length */
export async function openRootKey(settings: { SUBJECTS_KEY: string; SUBJECTS_KEY_FOLDER: string }): Promise<RootKey> {
  const text = settings.SUBJECTS_KEY || (await keepKey(settings.SUBJECTS_KEY_FOLDER, 'subjects-key', newKeyText))
  const root = Buffer.from(text.trim(), 'base64url')
  if (root.length !== KEY_BYTES) throw new ConfigError(['SUBJECTS_KEY: expected 32 bytes in base64url'])
  return { wrapping: derive(root, 'wrapping'), index: derive(root, 'index'), audit: auditChain('subjects', root) }
}

/** RFC 5869. */
const derive = (root: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', root, '', `coverslip subjects ${purpose}`, KEY_BYTES))

/**
 * A keyed fingerprint, by which a value is found again without being kept: HMAC-SHA-256. Nobody without the key can try
 * names against it.
 * @param kind what it is of; the same text of another kind has another fingerprint
 */
export function fingerprint({ index }: Pick<RootKey, 'index'>, kind: string, ...parts: string[]): string {
  return createHmac('sha256', index)
    .update(JSON.stringify([kind, ...parts]))
    .digest('base64url')
}
