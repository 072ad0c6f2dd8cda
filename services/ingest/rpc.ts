import { ServiceError } from '@coverslip/platform/errors.ts'
import type { RpcImplementation } from '@coverslip/platform/module.ts'
import {
  IngestServiceDefinition,
  type IngestServiceImplementation,
  type IntakeSlide,
} from '@coverslip/proto/gen/ingest/v1/ingest.ts'
import type { IngestDeps } from './module-deps.ts'
import { deleteIntake, findListed, type ListedSlide, listIntake } from './records.ts'

function toMessage(row: ListedSlide): IntakeSlide {
  return {
    slideId: row.slide_id,
    project: row.project,
    sourceName: row.source_name ?? '',
    state: row.state,
    progress: row.progress,
    reason: row.reason ?? '',
    code: row.code ?? '',
    sourceBytes: BigInt(row.source_bytes),
    format: row.format ?? '',
    receivedAt: row.received_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
    pseudonyms: row.pseudonyms ?? undefined,
    researchNumber: row.research_number ?? '',
    releaseName: row.release_name ?? '',
    annotationFiles: Number(row.annotation_files),
  }
}

export function createRpc(deps: IngestDeps): RpcImplementation {
  const implementation: IngestServiceImplementation = {
    async listIntake({ projects, limit, cursor }) {
      const { slides, nextCursor } = await listIntake(deps.db.query, { projects, limit, cursor })
      return { slides: slides.map(toMessage), nextCursor }
    },
    async getIntake({ slideId }) {
      const slide = await findListed(deps.db.query, slideId)
      if (!slide) throw new ServiceError('not-found', 'There is no such slide in intake')
      return { slide: toMessage(slide) }
    },
    async deleteIntake({ slideId }) {
      await deleteIntake(deps, slideId)
      return {}
    },
  }
  return { definition: IngestServiceDefinition, implementation: { ...implementation } }
}
