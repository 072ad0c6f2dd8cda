/** Slides that wait for a person, or were decided on. */
import { SlideDeidentified, SlideReceived } from '@coverslip/proto/gen/events/v1/events.ts'
import type { AssociatedImage } from '@coverslip/wsi/slide.ts'
import type { Transaction } from 'kysely'
import type { Rectangle } from '../files.ts'
import type { Announcement } from '../release.ts'
import type { Queries, Tables } from '../store.ts'
import type { Flag } from './flags/flag.ts'

export interface ReviewTable {
  slide_id: string
  project: string
  state: ReviewState
  /** Of the result that waits. */
  revision: number
  research_number: string | null
  /** JSON: what came from ingest, for another run; null once the slide is released. */
  received: string | null
  /** JSON: what a release tells, but for the report, which is with the slide. */
  announcement: string
  /** JSON: SlideFacts. */
  facts: string
  /** JSON: Flag[]. */
  flagged: string
  flags: number
  /** JSON: Rectangle[], all that were asked for. */
  redacted: string
  decision: 'approve' | 'reject' | null
  decided_by: string | null
  decided_at: Date | null
  reason: string | null
  release_name: string | null
  arrived_at: Date
  changed_at: Date
}
export type ReviewState = 'waiting' | 'redacting' | 'approved' | 'rejected' | 'failed'

/** What a reviewer compares; numbers and kinds, no text of the file. */
export interface SlideFacts {
  format: string
  width: number
  height: number
  mpp: number | null
  objectivePower: number | null
  sourceImages: AssociatedImage[]
  resultImages: AssociatedImage[]
}

/** A result as it is put before a person. */
export interface Proposal {
  announcement: Announcement
  facts: SlideFacts
  flagged: Flag[]
}

const proposalRow = ({ announcement, facts, flagged }: Proposal) => ({
  revision: announcement.revision,
  announcement: JSON.stringify(SlideDeidentified.toJSON({ ...announcement, reportJson: '', release: undefined })),
  facts: JSON.stringify(facts),
  flagged: JSON.stringify(flagged),
  flags: flagged.length,
  changed_at: new Date(),
})

export async function insertReview(
  trx: Transaction<Tables>,
  message: SlideReceived,
  researchNumber: string,
  proposal: Proposal,
): Promise<void> {
  const { slideId, project } = message
  await trx
    .insertInto('reviews')
    .values({
      slide_id: slideId,
      project,
      state: 'waiting',
      research_number: researchNumber,
      received: JSON.stringify(SlideReceived.toJSON({ ...message, researchNumber: '' })),
      ...proposalRow(proposal),
      redacted: '[]',
      arrived_at: new Date(),
    })
    .execute()
}

/** The slide waits again, with another result. */
export async function updateProposal(trx: Transaction<Tables>, slideId: string, proposal: Proposal): Promise<void> {
  const row = { state: 'waiting' as const, ...proposalRow(proposal) }
  await trx.updateTable('reviews').set(row).where('slide_id', '=', slideId).execute()
}

export const findReview = (queries: Queries, slideId: string): Promise<ReviewTable | undefined> =>
  queries.selectFrom('reviews').selectAll().where('slide_id', '=', slideId).executeTakeFirst()

/** The same, and nobody else may change it until the transaction ends. */
export const lockReview = (trx: Transaction<Tables>, slideId: string): Promise<ReviewTable | undefined> =>
  trx.selectFrom('reviews').selectAll().where('slide_id', '=', slideId).forUpdate().executeTakeFirst()

/** Without the report. */
export const announcementOf = ({ announcement }: Pick<ReviewTable, 'announcement'>): Announcement =>
  SlideDeidentified.fromJSON(JSON.parse(announcement))
export const receivedOf = ({ received }: ReviewTable): SlideReceived | undefined =>
  received === null ? undefined : SlideReceived.fromJSON(JSON.parse(received))
export const redactedOf = ({ redacted }: Pick<ReviewTable, 'redacted'>): Rectangle[] => JSON.parse(redacted)
export const flaggedOf = ({ flagged }: ReviewTable): Flag[] => JSON.parse(flagged)
export const factsOf = ({ facts }: Pick<ReviewTable, 'facts'>): SlideFacts => JSON.parse(facts)
