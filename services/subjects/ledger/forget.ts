/** What identifies a subject is forgotten: keys first, so that what remains in backups of rows cannot be read. */
import { destroySubjectKey } from '../sealing/keyring.ts'
import type { SlideRow, Trx } from '../store.ts'

/** A released slide loses its source's name and its line; its subject follows when nothing of it is still on its way. */
export async function forgetSlide(trx: Trx, slide: SlideRow): Promise<void> {
  const { slide_id, project, subject_id, name_fingerprint, stem_fingerprint } = slide
  await forgetName(trx, slide_id)
  const prints = [name_fingerprint, stem_fingerprint].filter(print => print !== null)
  if (prints.length > 0) {
    await trx
      .deleteFrom('lines')
      .where('project', '=', project)
      .where('subject_id', '=', subject_id)
      .where('file_fingerprint', 'in', prints)
      .execute()
    await trx
      .deleteFrom('refused_lines')
      .where('project', '=', project)
      .where('file_fingerprint', '=', name_fingerprint)
      .execute()
  }
  if (subject_id && !(await isNeeded(trx, subject_id))) await forgetSubject(trx, subject_id)
}

export async function forgetName(trx: Trx, slideId: string): Promise<void> {
  const nothing = { name_fingerprint: null, stem_fingerprint: null, sealed_name: null, research_number: null }
  await trx.updateTable('slides').set(nothing).where('slide_id', '=', slideId).execute()
}

/** While a slide waits, or a manifest announces one, the rules need to know their subject. */
async function isNeeded(trx: Trx, subjectId: string): Promise<boolean> {
  const [slide, line] = await Promise.all([
    trx
      .selectFrom('slides')
      .select('slide_id')
      .where('subject_id', '=', subjectId)
      .where('state', 'in', ['held', 'admitted'])
      .executeTakeFirst(),
    trx.selectFrom('lines').select('id').where('subject_id', '=', subjectId).executeTakeFirst(),
  ])
  return slide !== undefined || line !== undefined
}

/** The pseudonym stays: splits for machine learning go by it. */
async function forgetSubject(trx: Trx, subjectId: string): Promise<void> {
  await destroySubjectKey(trx, subjectId)
  await forgetStatements(trx, subjectId)
  await trx.updateTable('pieces').set({ fingerprint: null }).where('subject_id', '=', subjectId).execute()
  // Somebody who has withdrawn must be recognised when more of their material comes.
  await trx
    .updateTable('subjects')
    .set({ fingerprint: null })
    .where('id', '=', subjectId)
    .where('state', '=', 'active')
    .execute()
}

export async function forgetStatements(trx: Trx, subjectId: string): Promise<void> {
  await trx.deleteFrom('consents').where('subject_id', '=', subjectId).execute()
  await trx.deleteFrom('attestations').where('subject_id', '=', subjectId).execute()
}
