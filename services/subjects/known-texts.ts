/** What is known to identify the source of a slide, for those who must not leave it behind, and the way back from a name. */
import { unknownThing } from '@coverslip/platform/errors.ts'
import { identifyingTexts } from './manifest/columns.ts'
import { lineOfSlide, openLine } from './manifest/kept-line.ts'
import { fileFingerprint, stemOf, unsealName } from './names.ts'
import { subjectKey } from './sealing/keyring.ts'
import type { RootKey } from './sealing/root-key.ts'
import { findSlide, type Queries } from './store.ts'

/** A block's `A1` stands in every file by chance, and points at nobody. */
const MIN_LENGTH = 4

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
  const line = await lineOfSlide(queries, slide)
  const said = line && openLine(key, line)
  const texts = [name, stemOf(name), ...(said ? identifyingTexts(said) : [])]
  return [...new Set(texts.flatMap(spellings))].filter(text => text.length >= MIN_LENGTH)
}

/** A day is also looked for as scanners and people write it. */
function spellings(text: string): string[] {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  if (year === undefined) return [text]
  return [
    ...['-', '', '/', '.'].map(between => [year, month, day].join(between)),
    ...[`${day}.${month}.${year}`, `${day}/${month}/${year}`, `${month}/${day}/${year}`],
    `${month}/${day}/${year.slice(2)}`,
  ]
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
