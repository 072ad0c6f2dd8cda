/** Pictures that are rendered: regions, thumbnails; and the colour profile that they may want. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall, RawHttpHandler } from '@coverslip/platform/module.ts'
import { renditionKey } from '../cache/keys.ts'
import type { TileCache } from '../cache/tile-cache.ts'
import { MEDIA_TYPE } from '../formats.ts'
import { notModified, sendPicture } from '../hot/answer.ts'
import { etagOf, FOR_A_MINUTE, FOR_EVER, SAFE_HEADERS } from '../hot/headers.ts'
import type { OpenSlides } from '../slides/slides.ts'
import type { ServedRendition } from '../store.ts'
import { type Picture, pictureName } from './picture.ts'
import { type Renderer, renditionId } from './renderer.ts'
import { pictureOf, type RegionQuery } from './request.ts'
import { thumbnailOf } from './thumbnail.ts'

export interface PictureParts {
  slides: OpenSlides
  cache: TileCache
  renderer: Renderer
}

export function regionRoutes(parts: PictureParts): Record<string, RawHttpHandler> {
  const { slides } = parts
  return {
    'GET /tiles/{id}/{rendition}/region.{format}': async (call, req, res) => {
      const rendition = await named(slides, call)
      const picture = pictureOf(call.query as unknown as RegionQuery, call.params.format!, rendition)
      await answerPicture(parts, { call, req, res }, { rendition, picture, cacheControl: FOR_EVER })
    },
    'GET /tiles/{id}/{rendition}/icc': async (call, req, res) => {
      const rendition = await named(slides, call)
      const { icc } = await slides.open(rendition)
      if (!icc) throw new ServiceError('not-found', 'The slide has no colour profile')
      const etag = etagOf(rendition, 'icc')
      if (notModified(req, res, etag)) return
      sendPicture(req, res, { bytes: icc, etag, from: 'memory', type: 'application/vnd.iccprofile' })
    },
    'GET /tiles/{id}/thumbnail.jpeg': async (call, req, res) => {
      const rendition = await slides.current(call.params.id!)
      call.allow({ project: rendition.project, slide: rendition.slideId })
      const max = call.query.max as number
      const etag = etagOf(rendition, `thumbnail-${max}`)
      if (notModified(req, res, etag, { cacheControl: FOR_A_MINUTE })) return
      const load = (signal: AbortSignal) => renderOf(parts, rendition, thumbnailOf(rendition, max), signal)
      const { bytes, from } = await parts.cache.get(renditionKey(rendition, `thumbnail?max=${max}`), load, call.signal)
      sendPicture(req, res, { bytes, etag, from, type: 'image/jpeg', cacheControl: FOR_A_MINUTE })
    },
  }
}

async function named(slides: OpenSlides, call: HttpCall): Promise<ServedRendition> {
  const rendition = await slides.rendition(call.params.id!, call.params.rendition!)
  call.allow({ project: rendition.project, slide: rendition.slideId })
  return rendition
}

async function renderOf(
  { slides, renderer }: PictureParts,
  rendition: ServedRendition,
  picture: Picture,
  signal: AbortSignal,
): Promise<Buffer> {
  return renderer.render(await slides.open(rendition), renditionId(rendition), picture, signal)
}

/** Renders a picture for one caller; work that nobody waits for any more ends. */
export async function answerPicture(
  parts: PictureParts,
  { call, req, res }: { call: HttpCall; req: IncomingMessage; res: ServerResponse },
  wanted: { rendition: ServedRendition; picture: Picture; cacheControl: string; headers?: Record<string, string> },
): Promise<void> {
  const { rendition, picture, cacheControl, headers = {} } = wanted
  const etag = etagOf(rendition, createHash('sha256').update(pictureName(picture)).digest('base64url').slice(0, 16))
  if (notModified(req, res, etag, { cacheControl })) return
  const begun = performance.now()
  const bytes = await renderOf(parts, rendition, picture, call.signal).catch(error => {
    if (call.signal.aborted) return undefined
    throw error
  })
  if (!bytes) return
  res.writeHead(200, {
    ...SAFE_HEADERS,
    ...headers,
    'content-type': MEDIA_TYPE[picture.format],
    'content-length': bytes.length,
    'cache-control': cacheControl,
    etag,
    'server-timing': `render;dur=${(performance.now() - begun).toFixed(1)}`,
  })
  res.end(req.method === 'HEAD' ? undefined : bytes)
}
