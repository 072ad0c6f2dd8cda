/** A slide is hung on its subject, and told whether it may go on. */
import { unknownThing } from '@coverslip/platform/errors.ts'
import { newResearchNumber } from './code.ts'
import { fileFingerprint, sealName, stemOf } from './names.ts'
import { subjectKey } from './sealing/keyring.ts'
import type { RootKey } from './sealing/root-key.ts'
import {
  findSubject,
  type LineRow,
  NO_PSEUDONYMS,
  type SlideRow,
  type SubjectRow,
  type Trx,
  UNKNOWN_MATERIAL,
} from './store.ts'
import { makeSubject } from './subject.ts'

export interface Arrival {
  slideId: string
  project: string
  sourceName: string
  format: string
}

export interface Admission {
  admitted: boolean
  /** Each rule by its name and in plain words. */
  heldBy: string[]
  slide: SlideRow
}

/**
 * Doing it again gives the answer of today. Pseudonyms stay as they were once the slide was let go on.
 * @throws ServiceError `not-found` for a slide that is gone
 */
export async function admit(trx: Trx, root: RootKey, arrival: Arrival): Promise<Admission> {
  const slide = await lockSlide(trx, arrival)
  if (slide.state === 'gone') throw unknownThing()
  const line = await lineOf(trx, root, arrival)
  const subject = await subjectOf(trx, root, slide, line)
  const heldBy = subject.state === 'active' ? [] : ['withdrawn: the subject has withdrawn their consent']
  const admitted = heldBy.length === 0
  const isFirst = slide.state === 'held'
  const key = subject.id === slide.subject_id ? undefined : await subjectKey(trx, root, subject.id)
  const hung = await trx
    .updateTable('slides')
    .set({
      subject_id: subject.id,
      ...(key ? sealName(root, key, arrival, arrival.sourceName) : {}),
      ...(isFirst ? described(subject, line) : {}),
      ...(isFirst && admitted ? { state: 'admitted' as const } : {}),
    })
    .where('slide_id', '=', slide.slide_id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return { admitted, heldBy, slide: hung }
}

const described = (subject: SubjectRow, line: LineRow | undefined) => ({
  pseudonyms: JSON.stringify(line?.pseudonyms ?? { ...NO_PSEUDONYMS, subject: subject.pseudonym }),
  material: JSON.stringify(line?.material ?? UNKNOWN_MATERIAL),
})

async function lockSlide(trx: Trx, { slideId, project, format }: Arrival): Promise<SlideRow> {
  for (;;) {
    const row = await trx
      .selectFrom('slides')
      .selectAll()
      .where('slide_id', '=', slideId)
      .forUpdate()
      .executeTakeFirst()
    if (row) return row
    // Nothing is inserted when another process was faster, or in the rare case that the number is taken: look again.
    await trx
      .insertInto('slides')
      .values({
        slide_id: slideId,
        project,
        subject_id: null,
        state: 'held',
        format,
        name_fingerprint: null,
        stem_fingerprint: null,
        sealed_name: null,
        pseudonyms: JSON.stringify(NO_PSEUDONYMS),
        material: JSON.stringify(UNKNOWN_MATERIAL),
        research_number: newResearchNumber(),
        release_name: null,
      })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}

/** The manifest's line for a file: under its whole name, else under its name without the extension. */
async function lineOf(trx: Trx, root: RootKey, { project, sourceName }: Arrival): Promise<LineRow | undefined> {
  const names = [sourceName, stemOf(sourceName)].map(name => fileFingerprint(root, project, name))
  const found = await trx
    .selectFrom('lines')
    .selectAll()
    .where('project', '=', project)
    .where('file_fingerprint', 'in', names)
    .execute()
  return found.find(line => line.file_fingerprint === names[0]) ?? found[0]
}

/** Whom the manifest names, else whom the slide hangs on already, else somebody unknown. */
async function subjectOf(trx: Trx, root: RootKey, slide: SlideRow, line: LineRow | undefined): Promise<SubjectRow> {
  const id = line?.subject_id ?? slide.subject_id
  const known = id ? await findSubject(trx, id) : undefined
  return known ?? makeSubject(trx, root, { project: slide.project, fingerprint: null })
}
