/** What people have stated of a subject: the consent, and attestations. Kept sealed with the subject's key. */
import type { Attestation, Consent } from '@coverslip/proto/api/selection-rules.ts'
import { sealJson, unsealJson } from '../sealing/seal.ts'
import type { Queries, Trx } from '../store.ts'

const consentPlace = (subjectId: string): string => `consents/${subjectId}`
const attestationPlace = (subjectId: string, kind: string, slide: string): string =>
  `attestations/${subjectId}/${kind}/${slide}`

/** What somebody says of a subject, and the key that it is sealed with. */
export interface Saying {
  subjectId: string
  key: Buffer
  user: string
}

/** Of each subject one. */
export async function saveConsents(trx: Trx, said: readonly (Saying & { consent: Consent })[]): Promise<void> {
  if (said.length === 0) return
  const rows = said.map(({ subjectId, key, consent, user }) => ({
    subject_id: subjectId,
    sealed: sealJson(key, consent, consentPlace(subjectId)),
    recorded_by: user,
    recorded_at: new Date(),
  }))
  await trx
    .insertInto('consents')
    .values(rows)
    .onConflict(conflict =>
      conflict.column('subject_id').doUpdateSet(({ ref }) => ({
        sealed: ref('excluded.sealed'),
        recorded_by: ref('excluded.recorded_by'),
        recorded_at: ref('excluded.recorded_at'),
      })),
    )
    .execute()
}

export const saveConsent = (trx: Trx, key: Buffer, said: Omit<Saying, 'key'> & { consent: Consent }): Promise<void> =>
  saveConsents(trx, [{ key, ...said }])

/** @param keys of the subjects, by their ids */
export async function readConsents(queries: Queries, keys: ReadonlyMap<string, Buffer>): Promise<Map<string, Consent>> {
  if (keys.size === 0) return new Map()
  const rows = await queries
    .selectFrom('consents')
    .select(['subject_id', 'sealed'])
    .where('subject_id', 'in', [...keys.keys()])
    .execute()
  return new Map(
    rows.map(({ subject_id: id, sealed }) => [id, unsealJson<Consent>(keys.get(id)!, sealed, consentPlace(id))]),
  )
}

export const readConsent = async (queries: Queries, key: Buffer, subjectId: string): Promise<Consent | null> =>
  (await readConsents(queries, new Map([[subjectId, key]]))).get(subjectId) ?? null

/** Of each subject one of a kind, and of a slide. */
export async function saveAttestations(
  trx: Trx,
  said: readonly (Saying & { attestation: Attestation })[],
): Promise<void> {
  if (said.length === 0) return
  const rows = said.map(({ subjectId, key, attestation, user }) => {
    const { kind } = attestation
    const slide = ('slide' in attestation && attestation.slide) || ''
    const sealed = sealJson(key, attestation, attestationPlace(subjectId, kind, slide))
    return { subject_id: subjectId, kind, slide, sealed, attested_by: user, attested_at: new Date() }
  })
  await trx
    .insertInto('attestations')
    .values(rows)
    .onConflict(conflict =>
      conflict.columns(['subject_id', 'kind', 'slide']).doUpdateSet(({ ref }) => ({
        sealed: ref('excluded.sealed'),
        attested_by: ref('excluded.attested_by'),
        attested_at: ref('excluded.attested_at'),
      })),
    )
    .execute()
}

export const saveAttestation = (
  trx: Trx,
  key: Buffer,
  said: Omit<Saying, 'key'> & { attestation: Attestation },
): Promise<void> => saveAttestations(trx, [{ key, ...said }])

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
