/** The calls that change annotations; each tells of its change in the transaction that makes it. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { RpcContext } from '@coverslip/platform/module.ts'
import type { AnnotationsServiceImplementation } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import type { By } from './columns.ts'
import type { AnnotationsDeps } from './deps.ts'
import { contentOfRequest, draftsOfRequest } from './import.ts'
import { toFeature, toId } from './rpc.ts'
import { createAnnotations, deleteAnnotation, type Outcome, readAnnotations, updateAnnotation } from './store.ts'

type Changing = Pick<
  AnnotationsServiceImplementation<RpcContext>,
  'createAnnotations' | 'updateAnnotation' | 'deleteAnnotation'
>

const drawnBy = (context: RpcContext): By => ({ user: context.principal.userId, origin: 'drawn', at: new Date() })

export function changing(deps: AnnotationsDeps): Changing {
  const { db, config } = deps
  return {
    async createAnnotations({ slideId, geojson }, context) {
      const slide = toId(slideId, 'slide')
      const drafts = draftsOfRequest(geojson, config.ANNOTATIONS_MAX_VERTICES)
      refuseLongAnswer(geojson.length, drafts.length)
      const by = drawnBy(context)
      const { annotations, seq } = await db.transaction(async trx => {
        const { outcomes, seq, isChanged } = await createAnnotations(trx, slide, drafts, by, { restores: false })
        refuseTaken(outcomes)
        if (isChanged) await deps.publish(trx, 'annotations.changed', { slideId: slide, seq: BigInt(seq) })
        const ids = drafts.map(draft => draft.id)
        return { annotations: await readAnnotations(trx, slide, ids), seq }
      })
      return { features: annotations.map(toFeature), seq: BigInt(seq) }
    },
    async updateAnnotation({ slideId, annotationId, ifVersion, geojson }, context) {
      const slide = toId(slideId, 'slide')
      const id = toId(annotationId, 'annotation')
      const content = contentOfRequest(geojson, id, config.ANNOTATIONS_MAX_VERTICES)
      const by = drawnBy(context)
      const annotation = await db.transaction(async trx => {
        const { annotation, seq, isChanged } = await updateAnnotation(
          trx,
          slide,
          { id, content },
          Number(ifVersion),
          by,
        )
        if (isChanged) await deps.publish(trx, 'annotations.changed', { slideId: slide, seq: BigInt(seq) })
        return annotation
      })
      return { feature: toFeature(annotation) }
    },
    async deleteAnnotation({ slideId, annotationId, ifVersion }, context) {
      const slide = toId(slideId, 'slide')
      const id = toId(annotationId, 'annotation')
      const by = drawnBy(context)
      await db.transaction(async trx => {
        const { seq } = await deleteAnnotation(trx, slide, id, Number(ifVersion), by)
        await deps.publish(trx, 'annotations.changed', { slideId: slide, seq: BigInt(seq) })
      })
      return {}
    },
  }
}

/** What the server adds to each feature of the answer, at most, and what one gRPC message holds. */
const ADDED_BYTES = 600
const ANSWER_BYTES = 4 * 2 ** 20

function refuseLongAnswer(requestBytes: number, count: number): void {
  if (requestBytes + count * ADDED_BYTES > ANSWER_BYTES)
    throw new ServiceError('too-large', 'These are too many annotations for one request; import them as a file')
}

function refuseTaken(outcomes: readonly Outcome[]): void {
  const taken = outcomes.findIndex(outcome => outcome === 'differs' || outcome === 'deleted')
  if (taken === -1) return
  const how = outcomes[taken] === 'deleted' ? 'belongs to a deleted annotation' : 'belongs to another annotation'
  throw new ServiceError('conflict', `The id of feature ${taken + 1} ${how}; give it a new one`)
}
