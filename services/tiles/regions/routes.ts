/** Pictures that are rendered. */
import type { RawHttpHandler } from '@coverslip/platform/module.ts'
import { renditionKey } from '../cache/keys.ts'
import type { TileCache } from '../cache/tile-cache.ts'
import { notModified, sendPicture } from '../hot/answer.ts'
import { etagOf, FOR_A_MINUTE } from '../hot/headers.ts'
import type { OpenSlides } from '../slides/slides.ts'
import { readThumbnail } from './thumbnail.ts'

export function regionRoutes({
  slides,
  cache,
}: {
  slides: OpenSlides
  cache: TileCache
}): Record<string, RawHttpHandler> {
  return {
    'GET /tiles/{id}/thumbnail.jpeg': async (call, req, res) => {
      const slide = await slides.current(call.params.id!)
      call.allow({ project: slide.project, slide: slide.slideId })
      const max = call.query.max as number
      const etag = etagOf(slide, `thumbnail-${max}`)
      if (notModified(req, res, etag, { cacheControl: FOR_A_MINUTE })) return
      const load = async (signal: AbortSignal) => readThumbnail(await slides.open(slide), max, signal)
      const { bytes, from } = await cache.get(renditionKey(slide, `thumbnail?max=${max}`), load, call.signal)
      sendPicture(req, res, { bytes, etag, from, type: 'image/jpeg', cacheControl: FOR_A_MINUTE })
    },
  }
}
