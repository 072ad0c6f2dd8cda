/** The manifest of released slides and the audit, over HTTP. */
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpCall, HttpHandler } from '@coverslip/platform/module.ts'
import type { ReleasedSlide } from '@coverslip/proto/api/releases.ts'
import { uuid } from '@coverslip/proto/api.ts'
import { findRelease, listReleases, type ReleaseTable, saveLater, slotsOf } from '../naming/store.ts'
import type { DeidentifyDeps } from '../received.ts'
import { appendAudit, firstBrokenEntry, listAudit } from './audit.ts'
import { projectFor } from './routes.ts'

export const releaseRoutes = (deps: DeidentifyDeps): Record<string, HttpHandler> => ({
  async 'GET /api/projects/{project}/releases'(call) {
    const project = projectFor(call)
    const { limit, cursor = '' } = call.query as { limit: number; cursor?: string }
    const { rows, last } = await listReleases(deps.db.query, { project, after: cursor, limit })
    return { body: { releases: rows.map(toReleased), nextCursor: last } }
  },
  'PUT /api/slides/{id}/release/slots/{slot}': call => amend(deps, call),
  async 'GET /api/projects/{project}/gate/audit'(call) {
    const project = projectFor(call)
    const { limit, cursor = '0' } = call.query as { limit: number; cursor?: string }
    if (!/^\d{1,15}$/.test(cursor))
      throw new ServiceError('invalid', 'The cursor is not one that this list gave out; start without one')
    const { rows, last } = await listAudit(deps.db.query, { project, after: Number(cursor), limit })
    const entries = rows.map(({ seq: _, ...entry }) => entry)
    const whole = (await firstBrokenEntry(deps)) === null
    return { body: { entries, nextCursor: last === null ? null : String(last), whole } }
  },
})

async function amend(deps: DeidentifyDeps, call: HttpCall) {
  const { db } = deps
  const { id: slideId, slot } = call.params as { id: string; slot: string }
  const known = uuid.safeParse(slideId).success ? await findRelease(db.query, slideId) : undefined
  if (!known) throw unknownThing()
  const { project } = known
  call.allow({ project, slide: slideId })
  const { later } = call.body as { later: string }
  const amended = await db.transaction(async trx => {
    const row = await saveLater(trx, slideId, slot, later)
    await appendAudit(deps, trx, { who: call.principal.userId, what: 'slot-amended', project, slideId })
    return row
  })
  return { body: toReleased(amended) }
}

const toReleased = (row: ReleaseTable): ReleasedSlide => ({
  slideId: row.slide_id,
  name: row.name,
  scheme: row.scheme,
  owner: row.owner,
  at: row.at.toISOString(),
  slots: slotsOf(row).map(({ name, kind, code, value, later }) => ({ name, kind, code, value, later: later ?? null })),
})
