/** What is known to identify the source of a slide, for those who must not leave it behind, and the way back from a name. */
import { unknownThing } from '@coverslip/platform/errors.ts'
import { fileFingerprint, stemOf, unsealName } from './names.ts'
import { subjectKey } from './sealing/keyring.ts'
import type { RootKey } from './sealing/root-key.ts'
import { findSlide, type Queries } from './store.ts'

/**
 * Every text that is known to identify the subject or the source, each once.
 * @throws ServiceError `not-found` for a slide that was never admitted
 */
export async function knownTexts(queries: Queries, root: RootKey, slideId: string): Promise<string[]> {
  const slide = await findSlide(queries, slideId)
  if (!slide) throw unknownThing()
  const key = slide.subject_id ? await subjectKey(queries, root, slide.subject_id) : undefined
  if (!key) return []
  const name = slide.sealed_name ? unsealName(key, slideId, slide.sealed_name) : ''
  return [...new Set([name, stemOf(name)])].filter(text => text !== '')
}

/** The one slide that a file of this name belonged to, with or without its extension; undefined for none, or several. */
export async function findBySourceName(
  queries: Queries,
  root: RootKey,
  project: string,
  sourceName: string,
): Promise<string | undefined> {
  const whole = fileFingerprint(root, project, sourceName)
  const stem = fileFingerprint(root, project, stemOf(sourceName))
  const found = await queries
    .selectFrom('slides')
    .select(['slide_id', 'name_fingerprint'])
    .where('project', '=', project)
    .where(eb =>
      eb.or([
        eb('name_fingerprint', '=', whole),
        eb('stem_fingerprint', '=', whole),
        eb('stem_fingerprint', '=', stem),
      ]),
    )
    .where('state', '<>', 'gone')
    .execute()
  const exact = found.filter(slide => slide.name_fingerprint === whole)
  const [only, ...others] = exact.length > 0 ? exact : found
  return others.length === 0 ? only?.slide_id : undefined
}
