/** The names of released slides, and the manifest that says what they stand for: on-prem only. */
import { z } from 'zod'
import { nomenclature } from './nomenclature.ts'
import type { RouteSpec } from './route.ts'
import { paging, uuid } from './schemas.ts'

const nomenclatureVersion = z.object({
  /** 0: the one that projects begin with. */
  version: z.number(),
  nomenclature,
  who: z.string().nullable(),
  at: z.string().nullable(),
  /** Three names as it would give them. */
  examples: z.array(z.string()),
})

/** The manifest: what each name stands for, and what became known of the slide later. */
const releasedSlide = z.object({
  slideId: uuid,
  name: z.string(),
  scheme: z.string(),
  /** Empty where the gate was off. */
  owner: z.string(),
  at: z.string(),
  slots: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      /** As in the name. */
      code: z.string(),
      value: z.string().nullable(),
      /** What became known after the release; the name says otherwise for ever. */
      later: z.string().nullable(),
    }),
  ),
})
export type ReleasedSlide = z.infer<typeof releasedSlide>

export const releasesRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/api/projects/{project}/nomenclature',
    module: 'deidentify',
    access: 'review.read',
    summary: 'How the names of released slides are built',
    answer: nomenclatureVersion,
  },
  {
    method: 'PUT',
    path: '/api/projects/{project}/nomenclature',
    module: 'deidentify',
    access: 'rules.write',
    summary: 'Build the names of slides released from now on otherwise; names that exist never change',
    body: nomenclature,
    answer: nomenclatureVersion,
  },
  {
    method: 'GET',
    path: '/api/projects/{project}/releases',
    module: 'deidentify',
    access: 'review.read',
    summary: 'The manifest of released slides: their names, and what each slot says',
    query: z.object(paging),
    answer: z.object({ releases: z.array(releasedSlide), nextCursor: z.string().nullable() }),
  },
  {
    method: 'PUT',
    path: '/api/slides/{id}/release/slots/{slot}',
    module: 'deidentify',
    access: 'review.decide',
    summary: 'Take down what became known later of a slot, for one perineural invasion; the name stays',
    body: z.strictObject({ later: z.string().regex(/^[A-Z0-9]{1,16}$/, 'expected capital letters and digits') }),
    answer: releasedSlide,
  },
]
