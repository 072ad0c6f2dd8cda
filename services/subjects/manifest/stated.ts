/** What a line states of its subject: added to what is known, never taking anything away. */
import type { Consent } from '@coverslip/proto/api/selection-rules.ts'
import { readConsent, saveAttestation, saveConsent } from '../rules/statements.ts'
import type { Trx } from '../store.ts'
import type { ManifestLine } from './line.ts'

const NOTHING: Consent = { version: null, date: null, scope: null, international: null, commercial: null }

export async function saveStatements(
  trx: Trx,
  key: Buffer,
  { subjectId, said, user }: { subjectId: string; said: ManifestLine; user: string },
): Promise<void> {
  const stated = consentIn(said)
  if (Object.keys(stated).length > 0) {
    const before = await readConsent(trx, key, subjectId)
    const consent = { ...NOTHING, ...before, ...stated }
    if (JSON.stringify(consent) !== JSON.stringify(before)) await saveConsent(trx, key, { subjectId, consent, user })
  }
  if (said.vitalStatus && said.vitalStatusBroker) {
    const attestation = { kind: 'vital-status', status: said.vitalStatus, broker: said.vitalStatusBroker } as const
    await saveAttestation(trx, key, { subjectId, attestation, user })
  }
}

/** What the line says of the consent, without what it leaves open. */
function consentIn(said: ManifestLine): Partial<Consent> {
  const stated: Consent = {
    version: said.consentVersion,
    date: said.consentDate,
    scope: said.consentScope,
    international: said.international,
    commercial: said.commercial,
  }
  return Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== null))
}
