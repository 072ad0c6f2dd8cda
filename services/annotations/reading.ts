/** The calls that answer what is there. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { RpcContext } from '@coverslip/platform/module.ts'
import type { AnnotationsServiceImplementation } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import type { AnnotationsDeps } from './deps.ts'
import { listAnnotations, listChanges } from './listing.ts'
import { readCursor, toBox, toChange, toFeature, toId, writeCursor } from './rpc.ts'
import { readAnnotations } from './store.ts'

type Reading = Pick<AnnotationsServiceImplementation<RpcContext>, 'listAnnotations' | 'getAnnotation' | 'listChanges'>

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

const pageSize = (limit: number): number => Math.min(limit || DEFAULT_LIMIT, MAX_LIMIT)

export function reading({ db }: AnnotationsDeps): Reading {
  return {
    async listAnnotations({ slideId, box, limit, cursor }) {
      const from = cursor === '' ? undefined : readCursor(cursor)
      const filter = { after: from?.after ?? 0, limit: pageSize(limit), box: box && toBox(box) }
      const page = await listAnnotations(db.query, toId(slideId, 'slide'), filter)
      // Every page says the counter of the first one: whoever goes on from there misses nothing of any page.
      const seq = from?.seq ?? page.seq
      return {
        features: page.annotations.map(toFeature),
        nextCursor: page.next === undefined ? '' : writeCursor({ after: page.next, seq }),
        seq: BigInt(seq),
      }
    },
    async getAnnotation({ slideId, annotationId }) {
      const ids = [toId(annotationId, 'annotation')]
      const [annotation] = await readAnnotations(db.query, toId(slideId, 'slide'), ids)
      if (!annotation) throw new ServiceError('not-found', 'There is no such annotation')
      return { feature: toFeature(annotation) }
    },
    async listChanges({ slideId, afterSeq, limit }) {
      const { changes, more } = await listChanges(db.query, toId(slideId, 'slide'), Number(afterSeq), pageSize(limit))
      return { changes: changes.map(toChange), more }
    },
  }
}
