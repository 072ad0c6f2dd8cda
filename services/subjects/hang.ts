/** Slides that came before the manifest are hung on whom it names. */
import { resealName } from './names.ts'
import { destroySubjectKey, subjectKey } from './sealing/keyring.ts'
import type { RootKey } from './sealing/root-key.ts'
import type { SlideRow, SubjectRow, Trx } from './store.ts'

/** A file, and on whom its slides are to hang. */
export interface Hanging {
  file: string
  subject: SubjectRow
}

/**
 * Moves the slides of files to subjects, in this order. Those let go on keep the pseudonyms that were announced, but a
 * withdrawal finds them.
 * @returns the files of which slides were moved that had been let go on
 */
export async function hangSlides(
  trx: Trx,
  root: RootKey,
  { project, hangings }: { project: string; hangings: readonly Hanging[] },
): Promise<Set<string>> {
  const slides = await slidesOfFiles(
    trx,
    project,
    hangings.map(({ file }) => file),
  )
  const wentOn = new Set<string>()
  for (const { file, subject } of hangings) {
    const moving = slides.filter(slide => isOfFile(slide, file) && slide.subject_id !== subject.id)
    for (const slide of moving) {
      await moveSlide(trx, root, slide, subject)
      slide.subject_id = subject.id
      if (slide.state !== 'held') wentOn.add(file)
    }
  }
  return wentOn
}

/** A line names a file with its extension or without. */
export const isOfFile = (slide: SlideRow, file: string): boolean =>
  slide.name_fingerprint === file || slide.stem_fingerprint === file

/** Those that hang on somebody, until the transaction ends. */
export const slidesOfFiles = (trx: Trx, project: string, files: readonly string[]): Promise<SlideRow[]> =>
  trx
    .selectFrom('slides')
    .selectAll()
    .where('project', '=', project)
    .where(eb => eb.or([eb('name_fingerprint', 'in', files), eb('stem_fingerprint', 'in', files)]))
    .where('state', '<>', 'gone')
    .where('subject_id', 'is not', null)
    .forUpdate()
    .execute()

async function moveSlide(trx: Trx, root: RootKey, slide: SlideRow, subject: SubjectRow): Promise<void> {
  const from = slide.subject_id!
  const [oldKey, newKey] = [await subjectKey(trx, root, from), await subjectKey(trx, root, subject.id)]
  const sealed = oldKey && newKey && slide.sealed_name ? resealName(oldKey, newKey, slide) : null
  await trx
    .updateTable('slides')
    .set({ subject_id: subject.id, sealed_name: sealed })
    .where('slide_id', '=', slide.slide_id)
    .execute()
  await dropUnknown(trx, from)
}

/** Somebody unknown on whom nothing hangs any more was never there. */
async function dropUnknown(trx: Trx, subjectId: string): Promise<void> {
  const unused = await trx
    .selectFrom('subjects')
    .select('id')
    .where('id', '=', subjectId)
    .where('named', '=', false)
    .where('state', '=', 'active')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('slides').select('slide_id').where('subject_id', '=', subjectId))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('lines').select('id').where('subject_id', '=', subjectId))),
    )
    .executeTakeFirst()
  if (!unused) return
  for (const table of ['consents', 'attestations', 'pieces'] as const) {
    await trx.deleteFrom(table).where('subject_id', '=', subjectId).execute()
  }
  await destroySubjectKey(trx, subjectId)
  await trx.deleteFrom('subjects').where('id', '=', subjectId).execute()
}
