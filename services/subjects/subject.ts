/** Subjects come into being: named by a manifest, or unknown behind a slide that no manifest names. */
import { randomUUID } from 'node:crypto'
import type { Pseudonyms } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { newPseudonym, randomCode } from './code.ts'
import { makeSubjectKey } from './sealing/keyring.ts'
import { fingerprint, type RootKey } from './sealing/root-key.ts'
import { findSubject, type PieceKind, type SubjectRow, type Trx } from './store.ts'

/** By which a subject is found again: any case, and whatever way its accents are written. */
export const subjectFingerprint = (root: RootKey, project: string, name: string): string =>
  fingerprint(root, 'subject', project, name.trim().normalize('NFC').toLowerCase())

/** @param fingerprint of the subject's name in the project; null makes somebody unknown */
export async function findOrMakeSubject(
  trx: Trx,
  root: RootKey,
  { project, fingerprint }: { project: string; fingerprint: string | null },
): Promise<SubjectRow> {
  for (;;) {
    const there = fingerprint === null ? undefined : await subjectNamed(trx, project, fingerprint)
    if (there) return there
    const named = fingerprint !== null
    // To the millisecond, which is what a cursor of the list can say.
    const created_at = new Date()
    const made = await trx
      .insertInto('subjects')
      .values({ id: randomUUID(), project, pseudonym: newPseudonym(), fingerprint, named, state: 'active', created_at })
      .onConflict(conflict => conflict.doNothing())
      .returningAll()
      .executeTakeFirst()
    // Nothing made: another manifest was faster with this subject, or, once in a long time, the pseudonym is taken.
    if (!made) continue
    await makeSubjectKey(trx, root, made.id)
    return made
  }
}

const subjectNamed = (trx: Trx, project: string, fingerprint: string): Promise<SubjectRow | undefined> =>
  trx
    .selectFrom('subjects')
    .selectAll()
    .where('project', '=', project)
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst()

/** Whom a file hangs on: by its line (`id`), else by the slide of that name. */
export async function subjectOfFile(
  trx: Trx,
  { project, file, id }: { project: string; file: string; id: string | undefined },
): Promise<SubjectRow | undefined> {
  if (id !== undefined) return findSubject(trx, id)
  const slide = await trx
    .selectFrom('slides')
    .select('subject_id')
    .where('project', '=', project)
    .where(eb => eb.or([eb('name_fingerprint', '=', file), eb('stem_fingerprint', '=', file)]))
    .where('state', '<>', 'gone')
    .executeTakeFirst()
  return slide?.subject_id ? findSubject(trx, slide.subject_id) : undefined
}

const KINDS: readonly PieceKind[] = ['case', 'specimen', 'block', 'glass']
const CODE_LENGTH = 4

/**
 * Where a slide hangs, in codes. The same names give the same codes; a level that is not named has none.
 * @param names as the manifest has them
 */
export async function pseudonymsOf(
  trx: Trx,
  root: RootKey,
  subject: SubjectRow,
  names: Readonly<Record<PieceKind, string>>,
): Promise<Pseudonyms> {
  const codes: Record<PieceKind, string> = { case: '', specimen: '', block: '', glass: '' }
  const path: string[] = []
  for (const kind of KINDS) {
    // Block A1 of one case is not block A1 of another.
    path.push(names[kind].normalize('NFC').toLowerCase())
    if (names[kind] !== '')
      codes[kind] = await pieceCode(trx, subject.id, kind, fingerprint(root, kind, subject.id, ...path))
  }
  return { subject: subject.pseudonym, ...codes }
}

async function pieceCode(trx: Trx, subjectId: string, kind: PieceKind, print: string): Promise<string> {
  for (;;) {
    const there = await trx
      .selectFrom('pieces')
      .select('code')
      .where('subject_id', '=', subjectId)
      .where('kind', '=', kind)
      .where('fingerprint', '=', print)
      .executeTakeFirst()
    if (there) return there.code
    await trx
      .insertInto('pieces')
      .values({ subject_id: subjectId, kind, code: randomCode(CODE_LENGTH), fingerprint: print })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}
