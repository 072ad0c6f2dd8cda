/** Who a subject is: the one place that opens all that is sealed of them. */
import type { identity } from '@coverslip/proto/api/ledger.ts'
import type { z } from 'zod'
import { lineOfSlide, openLine } from '../manifest/kept-line.ts'
import { unsealName } from '../names.ts'
import { subjectKey } from '../sealing/keyring.ts'
import type { RootKey } from '../sealing/root-key.ts'
import type { Queries, SlideRow, SubjectRow } from '../store.ts'

export type Identity = z.infer<typeof identity>

/** What was forgotten, or never known, is empty. */
export async function identityOf(queries: Queries, root: RootKey, subject: SubjectRow): Promise<Identity> {
  const key = await subjectKey(queries, root, subject.id)
  const slides = await queries.selectFrom('slides').selectAll().where('subject_id', '=', subject.id).execute()
  const lines = await queries.selectFrom('lines').selectAll().where('subject_id', '=', subject.id).execute()
  const said = key ? lines.flatMap(line => openLine(key, line) ?? []) : []
  const shown = []
  for (const slide of slides) shown.push(await slideOf(queries, key, slide))
  return {
    id: subject.id,
    pseudonym: subject.pseudonym,
    names: [...new Set(said.flatMap(({ subject, knownTexts }) => [subject, ...knownTexts]))].filter(Boolean),
    slides: shown,
  }
}

async function slideOf(queries: Queries, key: Buffer | undefined, slide: SlideRow) {
  const { slide_id: id, sealed_name, release_name, research_number } = slide
  const line = key && (await lineOfSlide(queries, slide))
  const said = line && openLine(key, line)
  return {
    id,
    name: release_name ?? research_number,
    file: key && sealed_name ? unsealName(key, id, sealed_name) : null,
    case: said?.case || null,
    specimen: said?.specimen || null,
    block: said?.block || null,
    glass: said?.glass || null,
    collected: said?.collected ?? null,
  }
}
