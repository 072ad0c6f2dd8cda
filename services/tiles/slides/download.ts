/** Downloads of the pyramid, whole or in a range. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { recordDownload } from '@coverslip/platform/erasure.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { rangeAnswer } from '@coverslip/platform/http/range.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { Tables } from '../store.ts'
import type { OpenSlides } from './slides.ts'

export function downloadPyramid(slides: OpenSlides, objects: ReadableObjects, db: Db<Tables>): HttpHandler {
  return async call => {
    const { project, slideId, releaseName, renditions } = await slides.find(call.params.id!)
    call.allow({ project, slide: slideId })
    const slide = renditions.find(({ kind }) => kind === 'pyramid')
    if (!slide) throw new ServiceError('not-found', 'The slide has no pyramid yet')
    const info = await objects.head(slide.key)
    if (!info) throw new ServiceError('not-found', 'The pyramid is no longer there')
    // Whoever took a copy is named when the slide is withdrawn.
    await recordDownload(db.query, { thing: slide.slideId, user: call.principal.userId, what: 'pyramid' })
    return rangeAnswer(call, {
      size: info.size,
      etag: `"${slide.sha256}"`,
      type: 'image/tiff',
      fileName: `${releaseName ?? slideId}.tiff`,
      open: range => objects.stream(slide.key, range),
    })
  }
}
