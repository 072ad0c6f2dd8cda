/** Pictures that are rendered. */
import type { RawHttpHandler } from '@coverslip/platform/module.ts'
import { thumbnailKey } from '../cache/keys.ts'
import type { TileCache } from '../cache/tile-cache.ts'
import { etagOf, notModified, sendJpeg } from '../hot/answer.ts'
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
      const slide = await slides.find(call.params.id!)
      call.allow({ project: slide.project, slide: slide.slideId })
      const max = call.query.max as number
      const etag = etagOf(slide, `thumbnail-${max}`)
      if (notModified(req, res, etag)) return
      const load = async () => readThumbnail(await slides.open(slide), max)
      const { bytes, from } = await cache.get(thumbnailKey(slide, max), load)
      sendJpeg(req, res, bytes, etag, from)
    },
  }
}
