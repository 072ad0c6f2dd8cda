/** Gathers what is known of a slide for the rules: from the manifest's line, the consent and the attestations. */
import type { Attestation } from '@coverslip/proto/api/selection-rules.ts'
import { openLine } from '../manifest/kept-line.ts'
import type { ManifestLine } from '../manifest/line.ts'
import { subjectKey } from '../sealing/keyring.ts'
import type { RootKey } from '../sealing/root-key.ts'
import { type LineRow, type Queries, type SubjectRow, UNKNOWN_MATERIAL } from '../store.ts'
import type { Facts, Fraction } from './facts.ts'
import { readAttestations, readConsent } from './statements.ts'

interface Known {
  subject: SubjectRow
  line: LineRow | undefined
  slideId: string
}

export async function knownFacts(queries: Queries, root: RootKey, { subject, line, slideId }: Known): Promise<Facts> {
  const key = await subjectKey(queries, root, subject.id)
  const said = key && line ? openLine(key, line) : undefined
  const attestations = key ? await readAttestations(queries, key, subject.id) : []
  const pieces = line?.pseudonyms
  return {
    withdrawn: subject.state !== 'active',
    collected: said?.collected ?? null,
    consent: key ? await readConsent(queries, key, subject.id) : null,
    vitalStatus: vitalStatusOf(attestations),
    ...fractions(said, attestations, slideId),
    material: line?.material ?? UNKNOWN_MATERIAL,
    pieces: {
      case: Boolean(pieces?.case),
      specimen: Boolean(pieces?.specimen),
      block: Boolean(pieces?.block),
      glass: Boolean(pieces?.glass),
    },
  }
}

function vitalStatusOf(attestations: readonly Attestation[]): Facts['vitalStatus'] {
  return attestations.flatMap(attestation => (attestation.kind === 'vital-status' ? [attestation] : []))[0] ?? null
}

const fractions = (said: ManifestLine | undefined, attestations: readonly Attestation[], slideId: string) => ({
  tumourFraction: fractionOf('tumour-fraction', said?.tumourFraction ?? null, said, attestations, slideId),
  normalFraction: fractionOf('normal-fraction', said?.normalFraction ?? null, said, attestations, slideId),
})

type FractionAttestation = Extract<Attestation, { value: number }>
type FractionKind = FractionAttestation['kind']

/** What was attested of this very slide, by a person first, then with its line; then of all slides of the subject. */
function fractionOf(
  kind: FractionKind,
  inLine: number | null,
  said: ManifestLine | undefined,
  attestations: readonly Attestation[],
  slideId: string,
): Fraction | null {
  const attested = attestations.flatMap(attestation =>
    attestation.kind === kind ? [attestation as FractionAttestation] : [],
  )
  const ofSlide = attested.find(({ slide }) => slide === slideId)
  if (ofSlide) return { value: ofSlide.value, attested: true }
  if (inLine !== null && said?.fractionsAttested) return { value: inLine, attested: true }
  const ofSubject = attested.find(({ slide }) => slide === undefined)
  if (ofSubject) return { value: ofSubject.value, attested: true }
  return inLine === null ? null : { value: inLine, attested: false }
}
