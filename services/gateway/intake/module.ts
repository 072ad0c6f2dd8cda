import { defineModule, type HttpCall } from '@coverslip/platform/module.ts'
import { type IntakeSlide, intakeState, uuid } from '@coverslip/proto/api.ts'
import { IngestServiceDefinition, type IntakeSlide as IntakeMessage } from '@coverslip/proto/gen/ingest/v1/ingest.ts'
import { allowed, missing, projectsOf } from '../missing.ts'
import { config } from './config.ts'

/** Slides on their way in, with their sources' names: runs on-prem only. */
export const intakeGateway = defineModule<unknown, typeof config, Record<never, never>>({
  name: 'intake',
  config,
  async start(deps) {
    const ingest = deps.rpc('ingest', IngestServiceDefinition)

    async function recordFor(call: HttpCall): Promise<IntakeMessage> {
      const slideId = call.params.id!
      return allowed(call, slideId, async () => {
        const { slide } = uuid.safeParse(slideId).success
          ? await ingest.getIntake({ slideId }, { onBehalfOf: call.token })
          : {}
        if (!slide) throw missing()
        return slide
      })
    }

    return {
      routes: {
        async 'GET /api/intake/slides'(call) {
          const { limit, cursor } = call.query as { limit: number; cursor?: string }
          const request = { projects: projectsOf(call), limit, cursor: cursor ?? '' }
          const { slides, nextCursor } = await ingest.listIntake(request, { onBehalfOf: call.token })
          return { body: { slides: slides.map(toIntakeSlide), nextCursor: nextCursor || null } }
        },
        async 'GET /api/intake/slides/{id}'(call) {
          return { body: toIntakeSlide(await recordFor(call)) }
        },
        async 'DELETE /api/intake/slides/{id}'(call) {
          const { slideId } = await recordFor(call)
          await ingest.deleteIntake({ slideId }, { onBehalfOf: call.token })
          return { status: 204 }
        },
      },
    }
  },
})

/** A record as the API shows it. */
function toIntakeSlide(record: IntakeMessage): IntakeSlide {
  return {
    id: record.slideId,
    project: record.project,
    sourceName: record.sourceName || null,
    researchNumber: record.researchNumber || null,
    releaseName: record.releaseName || null,
    annotationFiles: record.annotationFiles,
    state: intakeState.parse(record.state),
    progress: record.progress,
    code: record.code || null,
    reason: record.reason || null,
    sourceBytes: Number(record.sourceBytes),
    format: record.format || null,
    receivedAt: record.receivedAt,
    changedAt: record.changedAt,
  }
}
