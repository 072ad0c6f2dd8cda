/** What the API takes and answers, as zod schemas: checks at run time, types, and the OpenAPI document. */
import { z } from 'zod'

/** No database stores a zero character, and no name holds any other control character. */
const printable = /^[^\u0000-\u001f\u007f-\u009f]*$/
/** A line of text, trimmed. */
export const text = (max: number) =>
  z.string().trim().min(1).max(max).regex(printable, 'expected text without control characters')
/** What a list is searched for. */
export const search = z.string().max(100).regex(printable, 'expected text without control characters')
/** The name of a project; `*` stands for every project. */
export const projectName = z
  .string()
  .regex(/^(\*|[A-Za-z0-9][A-Za-z0-9_-]{0,63})$/, 'expected letters, digits, _ and -, or *')
/** One project, not all of them. */
export const oneProject = projectName.refine(name => name !== '*', 'expected one project')
export const uuid = z.uuid()
export const slideState = z.enum(['tiling', 'ready', 'failed', 'withdrawn'])
export const intakeState = z.enum([
  'received',
  'held',
  'deidentifying',
  'quarantined',
  'review',
  'rejected',
  'tiling',
  'ready',
  'failed',
])
export const role = z.enum(['owner', 'steward', 'annotator', 'viewer'])

/** Pseudonyms of what a slide hangs on; null: unknown. */
const pseudonyms = {
  subject: z.string().nullable(),
  case: z.string().nullable(),
  specimen: z.string().nullable(),
  block: z.string().nullable(),
  glass: z.string().nullable(),
}

/** A slide as the public lists show it. */
export const slide = z.object({
  id: uuid,
  project: z.string(),
  name: z.string(),
  state: slideState,
  progress: z.number(),
  /** Until it is ready; null while that cannot be told. */
  secondsLeft: z.number().nullable(),
  reason: z.string().nullable(),
  width: z.number(),
  height: z.number(),
  /** Micrometres per level-0 pixel, the mean of both directions; null: uncalibrated. */
  mpp: z.number().nullable(),
  mppX: z.number().nullable(),
  mppY: z.number().nullable(),
  objectivePower: z.number().nullable(),
  levels: z.array(z.object({ width: z.number(), height: z.number() })),
  format: z.string(),
  revision: z.number(),
  sizes: z.object({ source: z.number(), original: z.number().nullable(), pyramid: z.number().nullable() }),
  ...pseudonyms,
  createdAt: z.string(),
  changedAt: z.string(),
})
export type Slide = z.infer<typeof slide>

/** A slide on its way in, with its source's name; intake pages only. */
export const intakeSlide = z.object({
  id: uuid,
  project: z.string(),
  /** Null once the slide has its release name. */
  sourceName: z.string().nullable(),
  /** The number that the slide is known by until it is released. */
  researchNumber: z.string().nullable(),
  releaseName: z.string().nullable(),
  /** How many annotation files came with it. */
  annotationFiles: z.number(),
  state: intakeState,
  progress: z.number(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  sourceBytes: z.number(),
  format: z.string().nullable(),
  receivedAt: z.string(),
  changedAt: z.string(),
})
export type IntakeSlide = z.infer<typeof intakeSlide>

/** What the watched folders hold that has not been taken, with the names of files; intake pages only. */
export const watchedFolders = z.object({
  folders: z.array(
    z.object({
      folder: z.string(),
      project: z.string(),
      /** Null: not yet. */
      lookedAt: z.string().nullable(),
      lookMs: z.number().nullable(),
      files: z.number(),
      /** Why nothing is taken now: the share is away, there is no room. */
      problem: z.string().nullable(),
      settling: z.number(),
      /** Did not open when they were tried; they are tried again until WATCH_PATIENCE is over. */
      unreadable: z.number(),
      taken: z.number(),
      refused: z.number(),
      /** The newest of those that are not taken. */
      waiting: z.array(
        z.object({
          name: z.string(),
          /** `settling`, `unreadable`, `copying` or `refused`. */
          state: z.string(),
          reason: z.string().nullable(),
          since: z.string(),
          slideId: uuid.nullable(),
        }),
      ),
    }),
  ),
})
export type WatchedFolders = z.infer<typeof watchedFolders>

/** RFC 9457. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.string()).optional(),
  traceId: z.string().optional(),
})
export type Problem = z.infer<typeof problem>

export const user = z.object({
  id: z.string(),
  email: z.string().nullable(),
  name: z.string(),
  roles: z.record(z.string(), role),
  level: z.number(),
})
export type User = z.infer<typeof user>

/** Of lists: how many, and where to go on. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(500).optional(),
}
export const tokenInfo = z.object({
  id: z.string(),
  label: z.string(),
  kind: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
})
export const geojson = z.looseObject({ type: z.enum(['Feature', 'FeatureCollection']) })
export const bbox = z
  .string()
  .regex(/^-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}$/, 'expected x0,y0,x1,y1 in level-0 pixels')
  .optional()
