/** What lines state of their subjects: added to what is known, never taking anything away. */
import type { Attestation, Consent } from '@coverslip/proto/api/selection-rules.ts'
import { readConsents, type Saying, saveAttestations, saveConsents } from '../rules/statements.ts'
import type { Trx } from '../store.ts'
import type { ManifestLine } from './line.ts'

const NOTHING: Consent = { version: null, date: null, scope: null, international: null, commercial: null }

export type Statement = Saying & { said: ManifestLine }

/** @param statements in the order of their lines; of one subject there may be several */
export async function saveStatements(trx: Trx, statements: readonly Statement[]): Promise<void> {
  const consenting = statements.filter(({ said }) => Object.keys(consentIn(said)).length > 0)
  const before = await readConsents(trx, new Map(consenting.map(({ subjectId, key }) => [subjectId, key])))
  const consents = new Map<string, Saying & { consent: Consent }>()
  const attestations = new Map<string, Saying & { attestation: Attestation }>()
  for (const { said, ...by } of statements) {
    const stated = consentIn(said)
    const known = consents.get(by.subjectId)?.consent ?? before.get(by.subjectId)
    const consent = { ...NOTHING, ...known, ...stated }
    const isNews = Object.keys(stated).length > 0 && JSON.stringify(consent) !== JSON.stringify(known)
    if (isNews) consents.set(by.subjectId, { ...by, consent })
    const attestation = attestationIn(said)
    if (attestation) attestations.set(by.subjectId, { ...by, attestation })
  }
  await saveConsents(trx, [...consents.values()])
  await saveAttestations(trx, [...attestations.values()])
}

const attestationIn = ({ vitalStatus, vitalStatusBroker }: ManifestLine): Attestation | undefined =>
  vitalStatus && vitalStatusBroker
    ? { kind: 'vital-status', status: vitalStatus, broker: vitalStatusBroker }
    : undefined

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
