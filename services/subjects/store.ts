import type { SelectionRule } from '@coverslip/proto/api/selection-rules.ts'
import type { Pseudonyms } from '@coverslip/proto/gen/slides/v1/slides.ts'
import type { ColumnType, Generated, Kysely, Selectable, Transaction } from 'kysely'

/** A JSON column is written as text. */
export type Json<Value> = ColumnType<Value, string, string>

/** pg gives bigint as text, PGlite as a number. */
type Bigint = ColumnType<string | number | bigint, number, number>

export type SubjectState = 'active' | 'withdrawing' | 'withdrawn'
export interface SubjectsTable {
  id: string
  project: string
  pseudonym: string
  /** Null: unknown from the beginning, or forgotten. */
  fingerprint: string | null
  /** Whether a manifest has named the subject. */
  named: boolean
  state: SubjectState
  created_at: Date
}
export type PieceKind = 'case' | 'specimen' | 'block' | 'glass'
interface PiecesTable {
  subject_id: string
  kind: PieceKind
  code: string
  fingerprint: string | null
}

/** What is on the glass, as the manifest said it; empty: unknown. */
export interface MaterialCodes {
  technique: '' | 'HE' | 'IHC' | 'SPECIAL' | 'FLUORESCENCE'
  stain: string
  organ: string
  diagnosis: string
  scanner: string
}
interface LinesTable {
  id: string
  project: string
  subject_id: string
  file_fingerprint: string
  /** Of all that the line says: the same line again changes nothing. */
  digest: string
  /** Null: the subject has withdrawn; the fingerprint stays, so that the file is known when it comes. */
  sealed: Buffer | null
  pseudonyms: Json<Pseudonyms>
  material: Json<MaterialCodes>
  changed_at: Generated<Date>
  /** The number of the latest manifest that said it. */
  manifest: Generated<number>
}
/** A line that was refused holds its file's slides. */
interface RefusedLinesTable {
  project: string
  file_fingerprint: string
  manifest: number
  /** Where it stands in its manifest. */
  line: number
  /** Names columns and quotes no value. */
  reason: string
}
interface SlidesTable {
  slide_id: string
  project: string
  subject_id: string | null
  /** `gone`: deleted or withdrawn. */
  state: 'held' | 'admitted' | 'released' | 'gone'
  format: string
  name_fingerprint: string | null
  stem_fingerprint: string | null
  sealed_name: Buffer | null
  /** As they were announced; they stay when the subject becomes known later. */
  pseudonyms: Json<Pseudonyms>
  material: Json<MaterialCodes>
  research_number: string | null
  release_name: string | null
  seen_at: Generated<Date>
}

interface SelectionRulesTable {
  project: string
  version: number
  rules: Json<SelectionRule[]>
  changed_by: string
  changed_at: Date
}

interface LookupsTable {
  id: string
  project: string
  /** Null: nobody of the project has the name that was asked for. */
  subject_id: string | null
  reason: string
  requested_by: string
  /** Where they had signed in: the issuer of an OpenID provider; null for a link. */
  requested_idp: string | null
  requested_at: Date
  decided_by: string | null
  decided_at: Date | null
  approved: boolean | null
}

/** A service at a site that has to say that it erased: `tiles@cloud`. */
export interface Keeper {
  service: string
  site: string
}
interface WithdrawalsTable {
  id: string
  subject_id: string
  project: string
  reason: string
  requested_by: string
  requested_at: Date
  keepers: Json<Keeper[]>
  done_at: Date | null
  /** JSON, as text: the hash is of its characters. */
  proof: string | null
  proof_hash: string | null
  audit_seq: number | null
}
/** A copy that somebody took. */
export interface TakenCopy {
  userId: string
  what: string
  at: string
}
interface ReceiptsTable extends Keeper {
  slide_id: string
  objects: Bigint
  rows: Bigint
  bytes: Bigint
  at: Date
  downloads: Json<TakenCopy[]>
}

export interface Tables {
  ledger_keys: { version: number; wrapped: Buffer | null; created_at: Generated<Date>; destroyed_at: Date | null }
  subjects: SubjectsTable
  subject_keys: { subject_id: string; version: number; wrapped: Buffer }
  pieces: PiecesTable
  lines: LinesTable
  refused_lines: RefusedLinesTable
  slides: SlidesTable
  selection_rules: SelectionRulesTable
  consents: { subject_id: string; sealed: Buffer; recorded_by: string; recorded_at: Date }
  attestations: {
    subject_id: string
    kind: string
    /** Of one slide, or of all: empty. */
    slide: string
    sealed: Buffer
    attested_by: string
    attested_at: Date
  }
  ledger: { one: Generated<boolean>; is_on: boolean; changed_by: string; changed_at: Date }
  lookups: LookupsTable
  withdrawals: WithdrawalsTable
  withdrawal_slides: { withdrawal_id: string; slide_id: string; name: string | null }
  receipts: ReceiptsTable
}
export type LookupRow = Selectable<LookupsTable>
export type WithdrawalRow = Selectable<WithdrawalsTable>
export type ReceiptRow = Selectable<ReceiptsTable>
export type SubjectRow = Selectable<SubjectsTable>
export type LineRow = Selectable<LinesTable>
export type RefusedLineRow = Selectable<RefusedLinesTable>
export type SlideRow = Selectable<SlidesTable>
export type Trx = Transaction<Tables>
export type Queries = Kysely<Tables> | Trx

export const UNKNOWN_MATERIAL: MaterialCodes = { technique: '', stain: '', organ: '', diagnosis: '', scanner: '' }
export const NO_PSEUDONYMS: Pseudonyms = { subject: '', case: '', specimen: '', block: '', glass: '' }

export const findSubject = (queries: Queries, id: string): Promise<SubjectRow | undefined> =>
  queries.selectFrom('subjects').selectAll().where('id', '=', id).executeTakeFirst()

export const findSlide = (queries: Queries, slideId: string): Promise<SlideRow | undefined> =>
  queries.selectFrom('slides').selectAll().where('slide_id', '=', slideId).executeTakeFirst()
