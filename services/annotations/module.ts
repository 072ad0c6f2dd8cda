import { noteErasure, takeReceipt } from '@coverslip/platform/erasure.ts'
import { type Consumers, defineModule, type RpcContext } from '@coverslip/platform/module.ts'
import {
  AnnotationsServiceDefinition,
  type AnnotationsServiceImplementation,
} from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { onAnnotated } from './came-with-slide.ts'
import { changing } from './changing.ts'
import { config } from './config.ts'
import { type AnnotationsDeps, objects } from './deps.ts'
import { annotations as migration } from './migrations/001-annotations.ts'
import { reading } from './reading.ts'
import { deleteSlide } from './store.ts'
import type { AnnotationTables } from './tables.ts'
import { transferring } from './transferring.ts'

/** What people draw on slides: versions, changes in order, files in and out. */
export const annotations = defineModule<AnnotationTables, typeof config, typeof objects>({
  name: 'annotations',
  config,
  migrations: [migration],
  objects,
  start: async deps => ({
    rpc: {
      definition: AnnotationsServiceDefinition,
      implementation: {
        ...reading(deps),
        ...changing(deps),
        ...transferring(deps),
      } satisfies AnnotationsServiceImplementation<RpcContext>,
    },
    consumers: consumers(deps),
  }),
})

function consumers(deps: AnnotationsDeps): Consumers {
  return {
    'slides.annotated': onAnnotated(deps),
    'slides.deleted': { handle: ({ slideId }) => erase(deps, slideId) },
  }
}

function erase({ db, site, publish }: AnnotationsDeps, slideId: string): Promise<void> {
  return db.transaction(async trx => {
    await noteErasure(trx, slideId, { objects: 0, rows: await deleteSlide(trx, slideId), bytes: 0 })
    const receipt = await takeReceipt(trx, slideId)
    if (receipt) await publish(trx, 'slides.erased', { slideId, service: 'annotations', site, ...receipt })
  })
}
