/** Whether a recognised slide may go on: subjects hangs it on its subject and asks the project's rules. */
import { sql } from 'kysely'
import { createIntakeMeter } from '../meter.ts'
import type { Arriving, IngestDeps } from '../module-deps.ts'
import { annotationKeys, sourceKeys } from '../slide-files.ts'
import { firstUploadsOf, type SlideRow } from '../store.ts'

/** What subjects says of a slide that may go on. */
type Admission = Awaited<ReturnType<Arriving['subjects']['admit']>>

/** Announces a recognised slide, or holds it with the rules that it does not meet. */
export async function admit({ deps, subjects }: Arriving, slideId: string): Promise<void> {
  const slide = await deps.db.query
    .selectFrom('slides')
    .selectAll()
    .where('slide_id', '=', slideId)
    .where('arrival', '=', 'recognised')
    .executeTakeFirst()
  if (!slide) return
  const { project, source_name, format } = slide
  const question = { slideId, project, sourceName: source_name ?? '', format: format ?? '' }
  const admission = await subjects.admit(question)
  await (admission.admitted ? announce(deps, slide, admission) : hold(deps, slide, admission))
}

/** What changed while the question was on its way is asked for again. */
async function hold({ db, telemetry }: IngestDeps, slide: SlideRow, { heldBy, ...known }: Admission): Promise<void> {
  const arrival = sql<'recognised' | 'held'>`case when ask_again then 'recognised' else 'held' end`
  const held = await db.query
    .updateTable('slides')
    .set({ ...hung(known), arrival, state: 'held', code: 'held', reason: heldBy.join('; ').slice(0, 2000) })
    .set({ progress: 1, ask_again: false, claimed_until: null, changed_at: new Date() })
    .where('slide_id', '=', slide.slide_id)
    .where('arrival', '=', 'recognised')
    .executeTakeFirstOrThrow()
  // What is held already was asked for once more.
  if (held.numUpdatedRows > 0n && slide.state !== 'held') createIntakeMeter(telemetry).arrived(slide)
}

const hung = ({ pseudonyms, researchNumber }: Pick<Admission, 'pseudonyms' | 'researchNumber'>) => ({
  pseudonyms: pseudonyms ? sql<never>`${JSON.stringify(pseudonyms)}::jsonb` : null,
  research_number: researchNumber || null,
})

async function announce(deps: IngestDeps, slide: SlideRow, admission: Admission): Promise<void> {
  const { slide_id: slideId, project, format } = slide
  const { pseudonyms, material, researchNumber } = admission
  const keys = (await firstUploadsOf(deps.db.query, slideId)).map(({ object_key }) => object_key!)
  const there = await deps.db.transaction(async trx => {
    const saved = await trx
      .updateTable('slides')
      .set({ ...hung(admission), arrival: 'arrived', state: 'received', code: null, reason: null })
      .set({ progress: 1, ask_again: false, claimed_until: null, changed_at: new Date() })
      .where('slide_id', '=', slideId)
      .where('arrival', '=', 'recognised')
      .returning('source_bytes')
      .executeTakeFirst()
    if (!saved) return false
    const bytes = BigInt(saved.source_bytes)
    const received = { slideId, project, sourceKeys: sourceKeys(keys), bytes, format: format ?? '' }
    await deps.publish(trx, 'slides.received', { ...received, pseudonyms, material, researchNumber })
    for (const sourceKey of annotationKeys(keys)) {
      await deps.publish(trx, 'slides.annotation_received', { slideId, project, sourceKey })
    }
    return true
  })
  const meter = createIntakeMeter(deps.telemetry)
  // Deleted meanwhile: what was moved after the deletion goes as well.
  if (!there) await deps.objects.source.deletePrefix(`${slideId}/`)
  else if (slide.state === 'held') meter.moved(slide, 'received', null)
  else meter.arrived(slide)
}

/**
 * Asks again for the held slides of a project: consents, attestations or rules of it changed.
 * @returns whether there is one
 */
export async function askAgain({ db }: IngestDeps, project: string): Promise<boolean> {
  const asked = await db.query
    .updateTable('slides')
    .set({ ask_again: sql<boolean>`arrival = 'recognised'`, arrival: 'recognised', attempts: 0 })
    .where('project', '=', project)
    .where('arrival', 'in', ['held', 'recognised'])
    .executeTakeFirstOrThrow()
  return Number(asked.numUpdatedRows) > 0
}
