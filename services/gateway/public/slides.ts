import type { HttpRoutes } from '@coverslip/platform/module.ts'
import { allowed } from '../missing.ts'
import type { Clients } from './clients.ts'
import { toSlide } from './slide-view.ts'

export function slideRoutes({ catalog, access, pyramid, slides }: Clients): NonNullable<HttpRoutes['routes']> {
  return {
    async 'GET /api/slides'(call) {
      const { limit, cursor, q } = call.query as { limit: number; cursor?: string; q?: string }
      const request = { projects: call.projects(), limit, cursor: cursor ?? '', q: q ?? '' }
      const page = await catalog.listSlides(request, { onBehalfOf: call.token })
      return { body: { slides: page.slides.map(toSlide), nextCursor: page.nextCursor || null } }
    },
    async 'GET /api/slides/{id}'(call) {
      return { body: toSlide(await allowed(call, call.params.id!, () => slides.findNow(call.params.id!))) }
    },
    async 'DELETE /api/slides/{id}'(call) {
      const { slideId } = await allowed(call, call.params.id!, () => slides.findNow(call.params.id!))
      await catalog.deleteSlide({ slideId }, { onBehalfOf: call.token })
      await slides.findNow(slideId)
      return { status: 204 }
    },
    async 'GET /api/slides/{id}/deidentification'(call) {
      const { slideId } = await allowed(call, call.params.id!, () => slides.findPresent(call.params.id!))
      const { reportJson } = await catalog.getDeidentificationReport({ slideId }, { onBehalfOf: call.token })
      return { headers: { 'content-type': 'application/json; charset=utf-8' }, body: reportJson }
    },
    async 'GET /api/slides/{id}/quality'(call) {
      const { slideId } = await allowed(call, call.params.id!, () => slides.findPresent(call.params.id!))
      const { reportJson } = await pyramid.getQualityReport({ slideId }, { onBehalfOf: call.token })
      return { headers: { 'content-type': 'application/json; charset=utf-8' }, body: reportJson }
    },
    async 'POST /api/slides/{id}/grant'(call) {
      const { slideId, project } = await allowed(call, call.params.id!, () => slides.findPresent(call.params.id!))
      const { grant, expiresAt } = await access.issueGrant({ slideId, project }, { onBehalfOf: call.token })
      return { body: { grant, expiresAt: new Date(Number(expiresAt) * 1000).toISOString() } }
    },
  }
}
