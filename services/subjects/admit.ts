/** A slide is hung on its subject, and told whether it may go on. */
import { unknownThing } from '@coverslip/platform/errors.ts'
import { newResearchNumber } from './code.ts'
import { lineOfSlide } from './manifest/kept-line.ts'
import { heldByRefused } from './manifest/refused.ts'
import { namePrints, sealName } from './names.ts'
import { evaluate, sayHeldBy } from './rules/evaluate.ts'
import { knownFacts } from './rules/known-facts.ts'
import { rulesOf } from './rules/project-rules.ts'
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
import { makeUnknown } from './subject.ts'
import { beside } from './turn.ts'

export interface Arrival {
  slideId: string
  project: string
  sourceName: string
  format: string
}

export interface Admission {
  admitted: boolean
  /** The line that was refused, and each rule by its name and in plain words. */
  heldBy: string[]
  slide: SlideRow
}

/**
 * Doing it again gives the answer of today. Pseudonyms stay as they were once the slide was let go on.
 * @throws ServiceError `not-found` for a slide that is gone
 */
export async function admit(trx: Trx, root: RootKey, arrival: Arrival): Promise<Admission> {
  await beside(trx, arrival.project)
  const slide = await lockSlide(trx, arrival)
  if (slide.state === 'gone') throw unknownThing()
  const named = { project: arrival.project, ...namePrints(root, arrival) }
  const line = await lineOfSlide(trx, named)
  const subject = await subjectOf(trx, root, slide, line)
  // Who has withdrawn is not asked for a better manifest.
  const refused = subject.state === 'active' ? await heldByRefused(trx, named, line) : undefined
  const { rules } = await rulesOf(trx, slide.project)
  const facts = await knownFacts(trx, root, { subject, line, slideId: slide.slide_id })
  const verdict = evaluate(rules, facts)
  const admitted = verdict.admitted && refused === undefined
  const heldBy = [...(refused === undefined ? [] : [refused]), ...verdict.heldBy.map(sayHeldBy)]
  const isFirst = slide.state === 'held'
  const key = subject.id === slide.subject_id ? undefined : await subjectKey(trx, root, subject.id)
  const hung = await trx
    .updateTable('slides')
    .set({
      subject_id: subject.id,
      ...(key ? sealName(root, key, arrival) : {}),
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

/** Whom the manifest names, else whom the slide hangs on already, else somebody unknown. */
async function subjectOf(trx: Trx, root: RootKey, slide: SlideRow, line: LineRow | undefined): Promise<SubjectRow> {
  const id = line?.subject_id ?? slide.subject_id
  const known = id ? await findSubject(trx, id) : undefined
  return known ?? (await makeUnknown(trx, root, slide.project, 1))[0]!
}
