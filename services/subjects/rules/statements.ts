/** What people have stated of a subject: the consent, and attestations. Kept sealed with the subject's key. */
import type { Attestation, Consent } from '@coverslip/proto/api/selection-rules.ts'
import { sealJson, unsealJson } from '../sealing/seal.ts'
import type { Queries, Trx } from '../store.ts'

const consentPlace = (subjectId: string): string => `consents/${subjectId}`
const attestationPlace = (subjectId: string, kind: string, slide: string): string =>
  `attestations/${subjectId}/${kind}/${slide}`

export async function saveConsent(
  trx: Trx,
  key: Buffer,
  { subjectId, consent, user }: { subjectId: string; consent: Consent; user: string },
): Promise<void> {
  const columns = {
    sealed: sealJson(key, consent, consentPlace(subjectId)),
    recorded_by: user,
    recorded_at: new Date(),
  }
  await trx
    .insertInto('consents')
    .values({ subject_id: subjectId, ...columns })
    .onConflict(conflict => conflict.column('subject_id').doUpdateSet(columns))
    .execute()
}

export async function readConsent(queries: Queries, key: Buffer, subjectId: string): Promise<Consent | null> {
  const row = await queries
    .selectFrom('consents')
    .select('sealed')
    .where('subject_id', '=', subjectId)
    .executeTakeFirst()
  return row ? unsealJson<Consent>(key, row.sealed, consentPlace(subjectId)) : null
}

export async function saveAttestation(
  trx: Trx,
  key: Buffer,
  { subjectId, attestation, user }: { subjectId: string; attestation: Attestation; user: string },
): Promise<void> {
  const { kind } = attestation
  const slide = ('slide' in attestation && attestation.slide) || ''
  const columns = {
    sealed: sealJson(key, attestation, attestationPlace(subjectId, kind, slide)),
    attested_by: user,
    attested_at: new Date(),
  }
  await trx
    .insertInto('attestations')
    .values({ subject_id: subjectId, kind, slide, ...columns })
    .onConflict(conflict => conflict.columns(['subject_id', 'kind', 'slide']).doUpdateSet(columns))
    .execute()
}

/** Who attested it, and when. */
export type Stated = Attestation & { by: string; at: Date }

/** Those of the subject as a whole, and those of each slide. */
export async function readAttestations(queries: Queries, key: Buffer, subjectId: string): Promise<Stated[]> {
  const rows = await queries.selectFrom('attestations').selectAll().where('subject_id', '=', subjectId).execute()
  return rows.map(({ kind, slide, sealed, attested_by: by, attested_at: at }) => ({
    ...unsealJson<Attestation>(key, sealed, attestationPlace(subjectId, kind, slide)),
    by,
    at,
  }))
}
