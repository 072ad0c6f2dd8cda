/** Lines of a manifest become subjects, pieces and statements. The same manifest again changes nothing. */
import { randomUUID } from 'node:crypto'
import { hangSlides } from '../hang.ts'
import { fileFingerprint } from '../names.ts'
import { subjectKey } from '../sealing/keyring.ts'
import { fingerprint, type RootKey } from '../sealing/root-key.ts'
import {
  type LineRow,
  type MaterialCodes,
  type NewLine,
  NO_PSEUDONYMS,
  type SubjectRow,
  type Trx,
  UNKNOWN_MATERIAL,
} from '../store.ts'
import { findOrMakeSubject, pseudonymsOf, subjectFingerprint, subjectOfFile } from '../subject.ts'
import { sealLine } from './kept-line.ts'
import type { ManifestLine } from './line.ts'
import { liftRefused } from './refused.ts'
import { saveStatements } from './stated.ts'

export interface Taking {
  project: string
  /** Who sends it, and answers for what it attests. */
  user: string
  /** The number of the manifest. */
  manifest: number
}

/** `withdrawn`: of somebody who has withdrawn; only that the file is theirs is kept. `late`: its slide has gone on. */
export type Outcome = 'taken' | 'unchanged' | 'withdrawn' | 'late'

export async function takeLine(trx: Trx, root: RootKey, said: ManifestLine, by: Taking): Promise<Outcome> {
  const { project, user, manifest } = by
  const file = fileFingerprint(root, project, said.file)
  const kept = await lockLine(trx, project, file)
  const digest = fingerprint(root, 'line', project, JSON.stringify(said))
  await liftRefused(trx, { project, file, manifest })
  if (kept?.digest === digest) {
    await trx.updateTable('lines').set({ manifest }).where('id', '=', kept.id).execute()
    return 'unchanged'
  }
  const subject = await subjectOf(trx, root, { project, file, kept, said })
  const key = subject.state === 'active' ? await subjectKey(trx, root, subject.id) : undefined
  const id = kept?.id ?? randomUUID()
  await saveLine(trx, {
    id,
    project,
    subject_id: subject.id,
    file_fingerprint: file,
    digest,
    sealed: key ? sealLine(key, id, said) : null,
    pseudonyms: JSON.stringify(key ? await pseudonymsOf(trx, root, subject, said) : NO_PSEUDONYMS),
    material: JSON.stringify(key ? materialOf(said) : UNKNOWN_MATERIAL),
    manifest,
  })
  if (key) await saveStatements(trx, key, { subjectId: subject.id, said, user })
  const wentOn = await hangSlides(trx, root, { project, file, subject })
  if (!key) return 'withdrawn'
  return wentOn > 0 ? 'late' : 'taken'
}

const lockLine = (trx: Trx, project: string, file: string): Promise<LineRow | undefined> =>
  trx
    .selectFrom('lines')
    .selectAll()
    .where('project', '=', project)
    .where('file_fingerprint', '=', file)
    .forUpdate()
    .executeTakeFirst()

async function saveLine(trx: Trx, line: NewLine): Promise<void> {
  const { id: _, ...columns } = { ...line, changed_at: new Date() }
  await trx
    .insertInto('lines')
    .values(line)
    .onConflict(conflict => conflict.column('id').doUpdateSet(columns))
    .execute()
}

interface Named {
  project: string
  file: string
  kept: LineRow | undefined
  said: ManifestLine
}

/** Whom the line names; a line that names nobody stays with whomever the file hangs on already. */
async function subjectOf(trx: Trx, root: RootKey, { project, file, kept, said }: Named): Promise<SubjectRow> {
  if (said.subject !== '') {
    return findOrMakeSubject(trx, root, { project, fingerprint: subjectFingerprint(root, project, said.subject) })
  }
  const there = await subjectOfFile(trx, { project, file, id: kept?.subject_id })
  return there && !there.named ? there : findOrMakeSubject(trx, root, { project, fingerprint: null })
}

const materialOf = ({ technique, stain, organ, diagnosis, scanner }: ManifestLine): MaterialCodes => ({
  technique,
  stain,
  organ,
  diagnosis,
  scanner,
})
