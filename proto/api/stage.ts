/** The stage: copies of pyramids near the readers. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'
import { oneProject, uuid } from './schemas.ts'

/** Names what keeps slides on the stage: a campaign, a course. */
const pinName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected a name of letters, digits, dots, _ and -')

const pin = z.object({
  name: z.string(),
  slides: z.int(),
  /** How many of them are there. */
  staged: z.int(),
  bytes: z.number(),
  pinnedBy: z.string(),
  pinnedAt: z.string(),
})

export const stageView = z.object({
  /** False where this site has no stage. */
  on: z.boolean(),
  /** Bytes that copies may take, and that they take. */
  quota: z.number(),
  bytes: z.number(),
  /** Copies that are there, and that are wanted or on their way. */
  staged: z.int(),
  waiting: z.int(),
  pins: z.array(pin),
  /** Most recently viewed first, at most 500. */
  slides: z.array(
    z.object({
      id: uuid,
      project: z.string(),
      state: z.enum(['wanted', 'copying', 'staged', 'leaving']),
      bytes: z.number(),
      viewedAt: z.string().nullable(),
      /** Why the last attempt came to nothing. */
      reason: z.string().nullable(),
      pins: z.array(z.string()),
    }),
  ),
})
export type StageView = z.infer<typeof stageView>

export const stageWish = z.strictObject({
  pin: pinName,
  of: z.union([z.strictObject({ project: oneProject }), z.strictObject({ slides: z.array(uuid).min(1).max(10_000) })]),
})

export const stageAnswer = z.object({
  pin: z.string(),
  /** Slides that were pinned, and the bytes of their pyramids. */
  slides: z.int(),
  bytes: z.number(),
  /** Of a list: those that have no pyramid, or not for the caller. */
  unknown: z.array(uuid),
})

export const stageRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/api/stage',
    module: 'tiles',
    access: 'stage.manage',
    summary: 'What is on the stage, what is on its way there, and what keeps it there',
    answer: stageView,
  },
  {
    method: 'POST',
    path: '/api/stage',
    module: 'tiles',
    access: 'stage.manage',
    summary: 'Bring slides, or all of a project, to the stage and keep them there under a name',
    body: stageWish,
    status: 202,
    answer: stageAnswer,
  },
  {
    method: 'DELETE',
    path: '/api/stage/pins/{name}',
    module: 'tiles',
    access: 'stage.manage',
    summary: 'Keep them no longer; they leave when others need the room',
    status: 204,
  },
]
