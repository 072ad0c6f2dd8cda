/** Slides that came before the manifest are hung on whom it names. */
import { resealName } from './names.ts'
import { destroySubjectKey, subjectKey } from './sealing/keyring.ts'
import type { RootKey } from './sealing/root-key.ts'
import type { SlideRow, SubjectRow, Trx } from './store.ts'

/**
 * Moves the slides of a file to a subject. Those let go on keep the pseudonyms that were announced, but a withdrawal
 * finds them.
 * @returns how many were moved that had been let go on
 */
export async function hangSlides(
  trx: Trx,
  root: RootKey,
  { project, file, subject }: { project: string; file: string; subject: SubjectRow },
): Promise<number> {
  const slides = await trx
    .selectFrom('slides')
    .selectAll()
    .where('project', '=', project)
    .where(eb => eb.or([eb('name_fingerprint', '=', file), eb('stem_fingerprint', '=', file)]))
    .where('state', '<>', 'gone')
    .where('subject_id', '<>', subject.id)
    .forUpdate()
    .execute()
  for (const slide of slides) await moveSlide(trx, root, slide, subject)
  return slides.filter(({ state }) => state !== 'held').length
}

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
