/** The gate over HTTP. */
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpCall, HttpHandler } from '@coverslip/platform/module.ts'
import type { Nomenclature } from '@coverslip/proto/api/nomenclature.ts'
import type { Gate } from '@coverslip/proto/api/reviews.ts'
import { projectName } from '@coverslip/proto/api/schemas.ts'
import { uuid } from '@coverslip/proto/api.ts'
import type { Rectangle } from '../files.ts'
import { nameSlide } from '../naming/name.ts'
import { findNomenclature, saveNomenclature } from '../naming/store.ts'
import type { DeidentifyDeps } from '../received.ts'
import { appendAudit } from './audit.ts'
import { type Decision, decide, releaseWaiting } from './deciding.ts'
import { findGate, saveGate } from './gate.ts'
import { countWaiting, listReviews, type ReviewFilter, showReview, toSummary } from './listing.ts'
import { askRedaction } from './redacting.ts'
import { findReview, type ReviewTable } from './store.ts'

/** The review of a call, if the caller may do the route's action there. @throws ServiceError `not-found`, `forbidden` */
export async function reviewFor({ db }: Pick<DeidentifyDeps, 'db'>, call: HttpCall): Promise<ReviewTable> {
  const { id } = call.params
  // Not a UUID: asking the database would be an error there.
  const review = uuid.safeParse(id).success ? await findReview(db.query, id!) : undefined
  if (!review) throw unknownThing()
  call.allow({ project: review.project, slide: review.slide_id })
  return review
}

/** A project of a path: any name may be one, since projects have no list. @throws ServiceError `not-found`, `forbidden` */
export function projectFor(call: HttpCall): string {
  const project = call.params.project!
  if (project === '*' || !projectName.safeParse(project).success) throw unknownThing()
  call.allow({ project })
  return project
}

export const reviewRoutes = (deps: DeidentifyDeps): Record<string, HttpHandler> => ({
  'GET /api/reviews': call => list(deps, call),
  'GET /api/reviews/{id}': async call => ({ body: await showReview(deps, await reviewFor(deps, call)) }),
  async 'POST /api/reviews/{id}/redactions'(call) {
    const { slide_id } = await reviewFor(deps, call)
    const wanted = call.body as { revision: number; regions: Rectangle[] }
    return { status: 202, body: toSummary(await askRedaction(deps, slide_id, wanted, call.principal.userId)) }
  },
  async 'POST /api/reviews/{id}/decision'(call) {
    const { slide_id } = await reviewFor(deps, call)
    return { body: toSummary(await decide(deps, slide_id, call.body as Decision, call.principal.userId)) }
  },
  async 'GET /api/projects/{project}/gate'(call) {
    return { body: await showGate(deps, projectFor(call)) }
  },
  'PUT /api/projects/{project}/gate': call => switchGate(deps, call),
  async 'GET /api/projects/{project}/nomenclature'(call) {
    return { body: await showNomenclature(deps, projectFor(call)) }
  },
  async 'PUT /api/projects/{project}/nomenclature'(call) {
    const project = projectFor(call)
    const who = call.principal.userId
    await deps.db.transaction(async trx => {
      await saveNomenclature(trx, project, call.body as Nomenclature, who)
      await appendAudit(deps, trx, { who, what: 'nomenclature-set', project })
    })
    return { body: await showNomenclature(deps, project) }
  },
})

async function list({ db }: DeidentifyDeps, call: HttpCall) {
  const { project, ...rest } = call.query as unknown as Omit<ReviewFilter, 'projects'> & { project?: string }
  if (project !== undefined && project !== '*') call.allow({ project })
  const projects = project === undefined || project === '*' ? call.projects() : [project]
  if (projects.length === 0) throw new ServiceError('forbidden', 'Your role does not allow this')
  const page = await listReviews(db.query, { ...rest, projects })
  return { body: { ...page, waiting: await countWaiting(db.query, projects) } }
}

async function showGate({ db, config }: DeidentifyDeps, project: string): Promise<Gate> {
  const { at, ...standing } = await findGate(db.query, project, config.REVIEW_GATE)
  return { ...standing, at: at?.toISOString() ?? null, waiting: await countWaiting(db.query, [project]) }
}

async function switchGate(deps: DeidentifyDeps, call: HttpCall) {
  const project = projectFor(call)
  const {
    on,
    reason,
    releaseWaiting: releasing,
  } = call.body as { on: boolean; reason: string; releaseWaiting: boolean }
  const who = call.principal.userId
  await deps.db.transaction(trx => saveGate(deps, trx, { project, on, reason, who }))
  const released = !on && releasing ? await releaseWaiting(deps, project, who, reason) : 0
  return { body: { ...(await showGate(deps, project)), released } }
}

async function showNomenclature({ db }: DeidentifyDeps, project: string) {
  const { version, nomenclature, who, at } = await findNomenclature(db.query, project)
  const examples = Array.from({ length: 3 }, () => nameSlide(nomenclature, { subject: '', material: undefined }).name)
  return { version, nomenclature, who, at: at?.toISOString() ?? null, examples }
}
