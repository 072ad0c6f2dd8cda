/** slides.annotated: what was drawn on a slide before it came here, cleaned on-prem. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer } from '@coverslip/platform/module.ts'
import type { SlideAnnotated } from '@coverslip/proto/gen/events/v1/events.ts'
import type { AnnotationsDeps } from './deps.ts'
import { importFile } from './import.ts'
import { createAnnotations } from './store.ts'

/** The author that viewers show: nobody here knows who drew it, and nobody shall. */
const AUTHOR = 'source file'
/** Annotations of one transaction. */
const BATCH = 2000

/**
 * Takes the annotations in. Their ids are made of what is drawn, so that the event may come again: what is there stays,
 * with what people have changed or deleted since.
 */
async function take(deps: AnnotationsDeps, { slideId, file }: SlideAnnotated): Promise<void> {
  if (!file) throw new ServiceError('invalid', 'The event names no file')
  const limit = deps.config.ANNOTATIONS_IMPORT_MAX_BYTES
  if (file.bytes > BigInt(limit)) throw new ServiceError('too-large', 'The annotation file is larger than the limit')
  const bytes = await deps.objects.pyramid.range(file.key, 0, Number(file.bytes))
  const { drafts } = await importFile('geojson', bytes, slideId, deps.config.ANNOTATIONS_MAX_VERTICES)
  const by = { user: AUTHOR, origin: 'came-with-slide', at: new Date() } as const
  for (let at = 0; at < drafts.length; at += BATCH) {
    await deps.db.transaction(async trx => {
      const batch = drafts.slice(at, at + BATCH)
      const { isChanged, seq } = await createAnnotations(trx, slideId, batch, by, { restores: false })
      if (isChanged) await deps.publish(trx, 'annotations.changed', { slideId, seq: BigInt(seq) })
    })
  }
}

export const onAnnotated = (deps: AnnotationsDeps): Consumer<'slides.annotated'> => ({
  handle: async message => {
    try {
      await take(deps, message)
    } catch (error) {
      // Deleted meanwhile, the file with it.
      if (!(error instanceof ServiceError) || error.code !== 'not-found') throw error
    }
  },
})
