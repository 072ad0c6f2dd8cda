/** Reviews as the API shows them. */
import { readCursor, toPage } from '@coverslip/platform/paging.ts'
import type { Review, ReviewSummary } from '@coverslip/proto/api/reviews.ts'
import { type Pseudonyms, Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { previewName } from '../naming/name.ts'
import { crowdOf, toldBy } from '../naming/singled-out.ts'
import { findNomenclature, releasedPeers } from '../naming/store.ts'
import type { DeidentifyDeps } from '../received.ts'
import type { Announcement } from '../release.ts'
import { findSlide, type Queries } from '../store.ts'
import { historyOf } from './audit.ts'
import { FLAGS_NOTE } from './flags/flag.ts'
import { imagesOf } from './looks.ts'
import { announcementOf, factsOf, flaggedOf, type ReviewState, type ReviewTable, redactedOf } from './store.ts'

export interface ReviewFilter {
  /** `*`: all. */
  projects: readonly string[]
  state?: ReviewState | undefined
  limit: number
  cursor?: string | undefined
}

/** The rest of a review is as long as the slide's list of files and flags. */
const SUMMARY = [
  'slide_id',
  'project',
  'state',
  'revision',
  'research_number',
  'release_name',
  'facts',
  'flags',
  'redacted',
  'decision',
  'decided_by',
  'decided_at',
  'reason',
  'arrived_at',
  'changed_at',
] as const satisfies readonly (keyof ReviewTable)[]

/** Longest waiting first. @throws ServiceError `invalid` for a cursor that this function did not make */
export async function listReviews(
  queries: Queries,
  { projects, state, limit, cursor }: ReviewFilter,
): Promise<{ reviews: ReviewSummary[]; nextCursor: string | null }> {
  let query = inProjects(queries, projects)
    .select(SUMMARY)
    .orderBy('arrived_at')
    .orderBy('slide_id')
    .limit(limit + 1)
  if (state) query = query.where('state', '=', state)
  if (cursor) {
    const { at, id } = readCursor(cursor)
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('arrived_at', 'slide_id'), '>', tuple(at, id)))
  }
  const positionOf = ({ arrived_at, slide_id }: { arrived_at: Date; slide_id: string }) => ({
    at: arrived_at,
    id: slide_id,
  })
  const { page, nextCursor } = toPage(await query.execute(), limit, positionOf)
  return { reviews: page.map(toSummary), nextCursor }
}

export async function countWaiting(queries: Queries, projects: readonly string[]): Promise<number> {
  const { count } = await inProjects(queries, projects)
    .select(({ fn }) => fn.countAll().as('count'))
    .where('state', 'in', ['waiting', 'redacting'])
    .executeTakeFirstOrThrow()
  return Number(count)
}

function inProjects(queries: Queries, projects: readonly string[]) {
  const query = queries.selectFrom('reviews')
  return projects.includes('*') ? query : query.where('project', 'in', projects.length > 0 ? projects : [''])
}

export function toSummary(row: Pick<ReviewTable, (typeof SUMMARY)[number]>): ReviewSummary {
  const { format, width, height, mpp } = factsOf(row)
  const { decision, decided_by, decided_at, reason } = row
  return {
    id: row.slide_id,
    project: row.project,
    state: row.state,
    revision: row.revision,
    researchNumber: row.research_number,
    releaseName: row.release_name,
    format,
    width,
    height,
    mpp,
    flags: row.flags,
    redactions: redactedOf(row).length,
    arrivedAt: row.arrived_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
    decision: decision && { decision, who: decided_by ?? '', at: decided_at?.toISOString() ?? '', reason },
  }
}

/** All that a reviewer is told of one slide. */
export async function showReview({ db, config }: DeidentifyDeps, row: ReviewTable): Promise<Review> {
  const announcement = announcementOf(row)
  const { objectivePower, sourceImages, resultImages } = factsOf(row)
  const slide = await findSlide(db.query, row.slide_id)
  return {
    ...toSummary(row),
    pseudonyms: shownPseudonyms(announcement.pseudonyms),
    objectivePower,
    before: { bytes: Number(announcement.sourceBytes), associated: sourceImages },
    after: {
      rendition: announcement.rendition === Rendition.ORIGINAL ? 'original' : 'pyramid',
      bytes: Number(announcement.file?.bytes ?? 0n),
      levels: announcement.geometry?.levels ?? [],
      associated: resultImages,
    },
    images: imagesOf(row),
    report: JSON.parse(slide?.report ?? '{}'),
    flagged: flaggedOf(row),
    flagsNote: FLAGS_NOTE,
    redacted: redactedOf(row),
    naming: await showNaming(db.query, announcement, config.NAMING_MIN_SUBJECTS),
    history: (await historyOf(db.query, row.slide_id)).map(({ at, who, what, revision, reason }) => ({
      at,
      who,
      what,
      revision,
      reason,
    })),
  }
}

const shownPseudonyms = (known: Pseudonyms | undefined) => ({
  subject: known?.subject || null,
  case: known?.case || null,
  specimen: known?.specimen || null,
  block: known?.block || null,
  glass: known?.glass || null,
})

/** The name to come, and whether it singles the subject out. */
async function showNaming(queries: Queries, announcement: Announcement, minimum: number): Promise<Review['naming']> {
  const { slideId, project, material, pseudonyms } = announcement
  const { version, nomenclature } = await findNomenclature(queries, project)
  const { name, slots, warnings } = previewName(nomenclature, { subject: pseudonyms?.subject ?? '', material })
  const subject = pseudonyms?.subject || slideId
  const peers = await releasedPeers(queries, project, slideId)
  const { subjects, singledOutBy } = crowdOf({ subject, told: toldBy(nomenclature, slots, material) }, peers, minimum)
  const scheme = `${nomenclature.scheme}/${version}`
  return { scheme, preview: name, slots, subjects, minimum, singledOutBy, warnings }
}
