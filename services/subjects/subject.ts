/** Subjects come into being: named by a manifest, or unknown behind a slide that no manifest names. */
import { randomUUID } from 'node:crypto'
import type { Pseudonyms } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { newPseudonym, randomCode } from './code.ts'
import { makeSubjectKeys } from './sealing/keyring.ts'
import { fingerprint, type RootKey } from './sealing/root-key.ts'
import { NO_PSEUDONYMS, type PieceKind, type SubjectRow, type Trx } from './store.ts'

/** By which a subject is found again: any case, and whatever way its accents are written. */
export const subjectFingerprint = (root: RootKey, project: string, name: string): string =>
  fingerprint(root, 'subject', project, name.trim().normalize('NFC').toLowerCase())

/** Those who are named, by the fingerprints of their names; who is not there yet is made. */
export async function subjectsNamed(
  trx: Trx,
  root: RootKey,
  { project, prints }: { project: string; prints: readonly string[] },
): Promise<Map<string, SubjectRow>> {
  const found = new Map<string, SubjectRow>()
  const keep = (rows: SubjectRow[]): void => {
    for (const row of rows) found.set(row.fingerprint!, row)
  }
  const missing = (): string[] => [...new Set(prints)].filter(print => !found.has(print))
  while (missing().length > 0) {
    keep(
      await trx
        .selectFrom('subjects')
        .selectAll()
        .where('project', '=', project)
        .where('fingerprint', 'in', missing())
        .execute(),
    )
    // Not made: another manifest was faster with this subject, or, once in a long time, the pseudonym is taken.
    keep(await makeSubjects(trx, root, project, missing()))
  }
  return found
}

/** So many whom nobody has named. */
export async function makeUnknown(trx: Trx, root: RootKey, project: string, count: number): Promise<SubjectRow[]> {
  const made: SubjectRow[] = []
  while (made.length < count) {
    made.push(...(await makeSubjects(trx, root, project, Array<null>(count - made.length).fill(null))))
  }
  return made
}

/** @returns those that could be made */
async function makeSubjects(
  trx: Trx,
  root: RootKey,
  project: string,
  fingerprints: readonly (string | null)[],
): Promise<SubjectRow[]> {
  if (fingerprints.length === 0) return []
  // To the millisecond, which is what a cursor of the list can say.
  const created_at = new Date()
  const rows = fingerprints.map(fingerprint => ({
    id: randomUUID(),
    project,
    pseudonym: newPseudonym(),
    fingerprint,
    named: fingerprint !== null,
    state: 'active' as const,
    created_at,
  }))
  const made = await trx
    .insertInto('subjects')
    .values(rows)
    .onConflict(conflict => conflict.doNothing())
    .returningAll()
    .execute()
  await makeSubjectKeys(
    trx,
    root,
    made.map(({ id }) => id),
  )
  return made
}

const KINDS: readonly PieceKind[] = ['case', 'specimen', 'block', 'glass']
const CODE_LENGTH = 4

/** A piece by its names: those of the levels above it are part of its fingerprint. */
interface Piece {
  subject_id: string
  kind: PieceKind
  fingerprint: string
}

/** What a line names: the subject's case, specimen, block and glass, as the hospital calls them. */
export interface Place {
  subject: SubjectRow
  names: Readonly<Record<PieceKind, string>>
}

/** Where slides hang, in codes. The same names give the same codes; a level that is not named has none. */
export async function pseudonymsOf(trx: Trx, root: RootKey, places: readonly Place[]): Promise<Pseudonyms[]> {
  const pieces = places.map(place => piecesOf(root, place))
  const codes = await pieceCodes(trx, pieces.flat())
  return places.map(({ subject }, i) => {
    const named = pieces[i]!.map(piece => [piece.kind, codes.get(keyOf(piece))!])
    return { ...NO_PSEUDONYMS, subject: subject.pseudonym, ...Object.fromEntries(named) }
  })
}

function piecesOf(root: RootKey, { subject, names }: Place): Piece[] {
  const path: string[] = []
  return KINDS.flatMap(kind => {
    // Block A1 of one case is not block A1 of another.
    path.push(names[kind].normalize('NFC').toLowerCase())
    if (names[kind] === '') return []
    return [{ subject_id: subject.id, kind, fingerprint: fingerprint(root, kind, subject.id, ...path) }]
  })
}

const keyOf = ({
  subject_id,
  kind,
  fingerprint,
}: Omit<Piece, 'fingerprint'> & { fingerprint: string | null }): string => `${subject_id} ${kind} ${fingerprint}`

/** By `keyOf` each piece. */
async function pieceCodes(trx: Trx, pieces: readonly Piece[]): Promise<Map<string, string>> {
  const wanted = new Map(pieces.map(piece => [keyOf(piece), piece]))
  const codes = new Map<string, string>()
  for (;;) {
    const missing = [...wanted].filter(([key]) => !codes.has(key)).map(([, piece]) => piece)
    if (missing.length === 0) return codes
    const there = await trx
      .selectFrom('pieces')
      .selectAll()
      .where('subject_id', 'in', [...new Set(missing.map(piece => piece.subject_id))])
      .execute()
    for (const row of there) codes.set(keyOf(row), row.code)
    const made = missing.filter(piece => !codes.has(keyOf(piece)))
    if (made.length === 0) continue
    // A code that the subject has already is not inserted: another one is tried.
    await trx
      .insertInto('pieces')
      .values(made.map(piece => ({ ...piece, code: randomCode(CODE_LENGTH) })))
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}
