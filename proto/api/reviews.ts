/** The human gate: on-prem only. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'
import { paging, projectName, text, uuid } from './schemas.ts'

const reviewState = z.enum(['waiting', 'redacting', 'approved', 'rejected', 'failed'])
export const reviewImage = z.enum([
  'before-label',
  'before-macro',
  'before-thumbnail',
  'after-thumbnail',
  'after-macro',
])

/** A rectangle of level-0 pixels. */
const rectangle = z.strictObject({
  x: z.number().int().min(0),
  y: z.number().int().min(0),
  width: z.number().int().min(1),
  height: z.number().int().min(1),
})
/** Something a reviewer should look at. That there is none proves nothing. */
const flag = z.object({
  kind: z.enum(['ink', 'text', 'barcode']),
  ...rectangle.shape,
  /** 0 to 1. */
  score: z.number(),
})
const associated = z.array(z.object({ kind: z.string(), width: z.number(), height: z.number() }))

/** A slide that waits for a person, or has been decided on, as lists show it. */
export const reviewSummary = z.object({
  id: uuid,
  project: z.string(),
  state: reviewState,
  revision: z.number(),
  /** The temporary number; null once the slide is released. */
  researchNumber: z.string().nullable(),
  /** Null until the slide is released. */
  releaseName: z.string().nullable(),
  format: z.string(),
  width: z.number(),
  height: z.number(),
  mpp: z.number().nullable(),
  flags: z.number(),
  redactions: z.number(),
  arrivedAt: z.string(),
  changedAt: z.string(),
  decision: z
    .object({ decision: z.enum(['approve', 'reject']), who: z.string(), at: z.string(), reason: z.string().nullable() })
    .nullable(),
})
export type ReviewSummary = z.infer<typeof reviewSummary>

export const review = reviewSummary.extend({
  pseudonyms: z.object({
    subject: z.string().nullable(),
    case: z.string().nullable(),
    specimen: z.string().nullable(),
    block: z.string().nullable(),
    glass: z.string().nullable(),
  }),
  objectivePower: z.number().nullable(),
  before: z.object({ bytes: z.number(), associated }),
  after: z.object({
    rendition: z.enum(['original', 'pyramid']),
    bytes: z.number(),
    levels: z.array(z.object({ width: z.number(), height: z.number() })),
    associated,
  }),
  /** What `GET /api/reviews/{id}/images/{image}` has of this slide. */
  images: z.array(reviewImage),
  /** What de-identification removed, by place, kind and length. */
  report: z.looseObject({}),
  flagged: z.array(flag),
  /** What flags are worth, to be shown with them. */
  flagsNote: z.string(),
  redacted: z.array(rectangle),
  naming: z.object({
    scheme: z.string(),
    /** The name at release as far as it is not random: `?` for random characters. */
    preview: z.string(),
    slots: z.array(z.object({ name: z.string(), kind: z.string(), code: z.string(), value: z.string().nullable() })),
    /** Subjects of the project that share this slide's codes, itself included, and the number to reach. */
    subjects: z.number(),
    minimum: z.number(),
    /** Slots, and fields of the record, that single the subject out; empty when enough subjects share them. */
    singledOutBy: z.array(z.string()),
    warnings: z.array(z.string()),
  }),
  history: z.array(
    z.object({
      at: z.string(),
      who: z.string(),
      what: z.string(),
      revision: z.number().nullable(),
      reason: z.string().nullable(),
    }),
  ),
})
export type Review = z.infer<typeof review>

export const gate = z.object({
  on: z.boolean(),
  /** Who says so: nobody (`default`), the setting REVIEW_GATE, or an owner for this project. */
  setBy: z.enum(['default', 'setting', 'owner']),
  reason: z.string().nullable(),
  who: z.string().nullable(),
  at: z.string().nullable(),
  /** Slides that wait for a person. */
  waiting: z.number(),
})
export type Gate = z.infer<typeof gate>

const auditEntry = z.object({
  at: z.string(),
  who: z.string(),
  what: z.string(),
  slideId: z.string().nullable(),
  revision: z.number().nullable(),
  reason: z.string().nullable(),
})

const pixels = z.coerce
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)

const regionQuery = z.object({
  x: pixels,
  y: pixels,
  width: pixels.min(1),
  height: pixels.min(1),
  /** Longest side of the JPEG. */
  size: z.coerce.number().int().min(16).max(4096).default(1024),
})

export const reviewsRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/api/reviews',
    module: 'deidentify',
    access: 'review.read',
    summary: 'Slides that wait for a person or were decided on, longest waiting first',
    query: z.object({ ...paging, project: projectName.optional(), state: reviewState.optional() }),
    answer: z.object({ reviews: z.array(reviewSummary), nextCursor: z.string().nullable(), waiting: z.number() }),
  },
  {
    method: 'GET',
    path: '/api/reviews/{id}',
    module: 'deidentify',
    access: 'review.read',
    summary: 'One slide before and after: facts, what was removed, what to look at, the name it would get',
    answer: review,
  },
  {
    method: 'GET',
    path: '/api/reviews/{id}/images/{image}',
    module: 'deidentify',
    access: 'review.read',
    summary: 'Label, macro or thumbnail before, thumbnail or macro after; decoded for this answer, kept nowhere',
    answer: 'image/jpeg',
  },
  {
    method: 'GET',
    path: '/api/reviews/{id}/region',
    module: 'deidentify',
    access: 'review.read',
    summary: 'A rectangle of the de-identified slide at any magnification, in level-0 pixels',
    query: regionQuery,
    answer: 'image/jpeg',
  },
  {
    method: 'POST',
    path: '/api/reviews/{id}/redactions',
    module: 'deidentify',
    access: 'review.decide',
    summary: 'Blank rectangles of level-0 pixels on all levels: the slide is made and proven anew as the next revision',
    body: z.strictObject({ revision: z.number().int().min(1), regions: z.array(rectangle).min(1).max(200) }),
    answer: reviewSummary,
    status: 202,
  },
  {
    method: 'POST',
    path: '/api/reviews/{id}/decision',
    module: 'deidentify',
    access: 'review.decide',
    summary:
      'Approve (release under a random name) or reject the revision that was looked at; 409 for another one, and while pictures of it were not fetched',
    body: z.strictObject({
      revision: z.number().int().min(1),
      decision: z.enum(['approve', 'reject']),
      reason: text(500).optional(),
    }),
    answer: reviewSummary,
  },
  {
    method: 'GET',
    path: '/api/projects/{project}/gate',
    module: 'deidentify',
    access: 'slide.read',
    summary: 'Whether a person looks at each slide before it is released',
    answer: gate,
  },
  {
    method: 'PUT',
    path: '/api/projects/{project}/gate',
    module: 'deidentify',
    access: 'rules.write',
    summary: 'Switch the human gate of a project; what waits goes on waiting unless asked otherwise',
    body: z.strictObject({ on: z.boolean(), reason: text(500), releaseWaiting: z.boolean().default(false) }),
    answer: gate.extend({ released: z.number() }),
  },
  {
    method: 'GET',
    path: '/api/projects/{project}/gate/audit',
    module: 'deidentify',
    access: 'audit.read',
    summary: 'Who decided what of slides, gate and names, and whether the chain of entries is whole',
    query: z.object(paging),
    answer: z.object({ entries: z.array(auditEntry), nextCursor: z.string().nullable(), whole: z.boolean() }),
  },
]
