/** Lines of a manifest become subjects, pieces and statements. The same manifest again changes nothing. */
import { randomUUID } from 'node:crypto'
import { hangSlides, isOfFile, slidesOfFiles } from '../hang.ts'
import { fileFingerprint } from '../names.ts'
import { subjectKeys } from '../sealing/keyring.ts'
import { fingerprint, type RootKey } from '../sealing/root-key.ts'
import {
  type LineRow,
  type MaterialCodes,
  NO_PSEUDONYMS,
  type SubjectRow,
  type Trx,
  UNKNOWN_MATERIAL,
} from '../store.ts'
import { makeUnknown, pseudonymsOf, subjectFingerprint, subjectsNamed } from '../subject.ts'
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

interface Line {
  said: ManifestLine
  file: string
  /** Of all that it says. */
  digest: string
  /** As it was said before. */
  kept: LineRow | undefined
}
/** With whom it names. */
interface Hung extends Line {
  id: string
  subject: SubjectRow
  /** None: the subject has withdrawn. */
  key: Buffer | undefined
}

/**
 * Takes some hundred lines together: a statement of a database costs much the same for one as for all of them.
 * @param said of each file one
 */
export async function takeLines(
  trx: Trx,
  root: RootKey,
  said: readonly ManifestLine[],
  by: Taking,
): Promise<Outcome[]> {
  if (said.length === 0) return []
  const { project, manifest } = by
  const files = said.map(({ file }) => fileFingerprint(root, project, file))
  const kept = await lockLines(trx, project, files)
  await liftRefused(trx, { project, files, manifest })
  const lines = said.map((one, i): Line => {
    const digest = fingerprint(root, 'line', project, JSON.stringify(one))
    return { said: one, file: files[i]!, digest, kept: kept.get(files[i]!) }
  })
  const isSame = ({ kept, digest }: Line): boolean => kept?.digest === digest
  await saySame(
    trx,
    lines.filter(isSame).map(line => line.kept!.id),
    manifest,
  )
  const outcomes = await takeNews(
    trx,
    root,
    lines.filter(line => !isSame(line)),
    by,
  )
  return files.map(file => outcomes.get(file) ?? 'unchanged')
}

async function lockLines(trx: Trx, project: string, files: readonly string[]): Promise<Map<string, LineRow>> {
  const rows = await trx
    .selectFrom('lines')
    .selectAll()
    .where('project', '=', project)
    .where('file_fingerprint', 'in', files)
    .forUpdate()
    .execute()
  return new Map(rows.map(row => [row.file_fingerprint, row]))
}

async function saySame(trx: Trx, ids: readonly string[], manifest: number): Promise<void> {
  if (ids.length === 0) return
  await trx.updateTable('lines').set({ manifest }).where('id', 'in', ids).execute()
}

/** @returns what became of the line of each file */
async function takeNews(trx: Trx, root: RootKey, lines: readonly Line[], by: Taking): Promise<Map<string, Outcome>> {
  if (lines.length === 0) return new Map()
  const subjects = await subjectsOf(trx, root, lines, by.project)
  const active = [...subjects.values()].filter(({ state }) => state === 'active').map(({ id }) => id)
  const keys = await subjectKeys(trx, root, active)
  const hung = lines.map((line): Hung => {
    const subject = subjects.get(line)!
    return { ...line, id: line.kept?.id ?? randomUUID(), subject, key: keys.get(subject.id) }
  })
  await saveLines(trx, root, hung, by)
  const { project, user } = by
  await saveStatements(
    trx,
    hung.flatMap(({ key, subject, said }) => (key ? [{ key, subjectId: subject.id, said, user }] : [])),
  )
  const wentOn = await hangSlides(trx, root, { project, hangings: hung })
  const outcomeOf = ({ key, file }: Hung): Outcome => {
    if (!key) return 'withdrawn'
    return wentOn.has(file) ? 'late' : 'taken'
  }
  return new Map(hung.map(line => [line.file, outcomeOf(line)]))
}

async function saveLines(trx: Trx, root: RootKey, lines: readonly Hung[], by: Taking): Promise<void> {
  const open = lines.filter(({ key }) => key)
  const places = open.map(({ subject, said }) => ({ subject, names: said }))
  const pseudonyms = new Map((await pseudonymsOf(trx, root, places)).map((one, i) => [open[i]!.id, one]))
  const rows = lines.map(({ id, file, digest, said, subject, key }) => ({
    id,
    project: by.project,
    subject_id: subject.id,
    file_fingerprint: file,
    digest,
    sealed: key ? sealLine(key, id, said) : null,
    pseudonyms: JSON.stringify(pseudonyms.get(id) ?? NO_PSEUDONYMS),
    material: JSON.stringify(key ? materialOf(said) : UNKNOWN_MATERIAL),
    changed_at: new Date(),
    manifest: by.manifest,
  }))
  await trx
    .insertInto('lines')
    .values(rows)
    .onConflict(conflict =>
      conflict.column('id').doUpdateSet(({ ref }) => ({
        subject_id: ref('excluded.subject_id'),
        digest: ref('excluded.digest'),
        sealed: ref('excluded.sealed'),
        pseudonyms: ref('excluded.pseudonyms'),
        material: ref('excluded.material'),
        changed_at: ref('excluded.changed_at'),
        manifest: ref('excluded.manifest'),
      })),
    )
    .execute()
}

/** Whom each line names; one that names nobody stays with whomever the file hangs on already. */
async function subjectsOf(
  trx: Trx,
  root: RootKey,
  lines: readonly Line[],
  project: string,
): Promise<Map<Line, SubjectRow>> {
  const named = lines.filter(({ said }) => said.subject !== '')
  const prints = named.map(({ said }) => subjectFingerprint(root, project, said.subject))
  const byPrint = await subjectsNamed(trx, root, { project, prints })
  const found = new Map(named.map((line, i) => [line, byPrint.get(prints[i]!)!]))
  const unnamed = lines.filter(line => !found.has(line))
  const there = await unknownThere(trx, project, unnamed)
  for (const line of unnamed) if (there.has(line)) found.set(line, there.get(line)!)
  const nobody = lines.filter(line => !found.has(line))
  const made = await makeUnknown(trx, root, project, nobody.length)
  for (const [i, line] of nobody.entries()) found.set(line, made[i]!)
  return found
}

/** Somebody unknown on whom a line hangs, or a slide of its file. */
async function unknownThere(trx: Trx, project: string, lines: readonly Line[]): Promise<Map<Line, SubjectRow>> {
  if (lines.length === 0) return new Map()
  const files = lines.filter(({ kept }) => !kept).map(({ file }) => file)
  const slides = files.length > 0 ? await slidesOfFiles(trx, project, files) : []
  const idOf = ({ kept, file }: Line) => kept?.subject_id ?? slides.find(slide => isOfFile(slide, file))?.subject_id
  const ids = lines.map(idOf)
  const wanted = [...new Set(ids.filter(id => id !== null && id !== undefined))]
  if (wanted.length === 0) return new Map()
  const rows = await trx
    .selectFrom('subjects')
    .selectAll()
    .where('id', 'in', wanted)
    .where('named', '=', false)
    .execute()
  const byId = new Map(rows.map(row => [row.id, row]))
  return new Map(lines.flatMap((line, i) => (byId.has(ids[i]!) ? [[line, byId.get(ids[i]!)!]] : [])))
}

const materialOf = ({ technique, stain, organ, diagnosis, scanner }: ManifestLine): MaterialCodes => ({
  technique,
  stain,
  organ,
  diagnosis,
  scanner,
})
