/** The IIIF Image API, 3.0 at level 2 and 2.1 at level 2, over the same pictures. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpCall, RawHttpHandler } from '@coverslip/platform/module.ts'
import { sendRefusal } from '../hot/answer.ts'
import { FOR_A_MINUTE, originOf, SAFE_HEADERS } from '../hot/headers.ts'
import { answerPicture, type PictureParts } from '../regions/routes.ts'
import type { ServedRendition } from '../store.ts'
import { NotImplementedError } from './errors.ts'
import { infoOf } from './info.ts'
import { canonical, parseRequest, type Segments } from './request.ts'
import { contextOf, profileOf, serviceOf, type Version } from './version.ts'

export const iiifRoutes = (parts: PictureParts): Record<string, RawHttpHandler> => ({
  ...routesOf(parts, 3),
  ...routesOf(parts, 2),
})

function routesOf(parts: PictureParts, version: Version): Record<string, RawHttpHandler> {
  const { slides } = parts
  const base = `/iiif/${version}/{id}`

  async function shown(call: HttpCall, res: ServerResponse): Promise<ServedRendition> {
    openToAll(res)
    const rendition = await slides.current(call.params.id!)
    call.allow({ project: rendition.project, slide: rendition.slideId })
    return rendition
  }

  return {
    [`GET ${base}`]: async (call, req, res) => {
      const { slideId } = await shown(call, res)
      const location = `${serviceOf(originOf(req), version, slideId)}/info.json`
      res.writeHead(303, { ...SAFE_HEADERS, location, 'cache-control': FOR_A_MINUTE, 'content-length': 0 }).end()
    },
    [`GET ${base}/info.json`]: async (call, req, res) => {
      const rendition = await shown(call, res)
      const id = serviceOf(originOf(req), version, rendition.slideId)
      const body = JSON.stringify(infoOf(id, await slides.open(rendition), version))
      res.writeHead(200, {
        ...SAFE_HEADERS,
        ...typeOf(req, version),
        'cache-control': FOR_A_MINUTE,
        vary: 'accept',
        'content-length': Buffer.byteLength(body),
      })
      res.end(req.method === 'HEAD' ? undefined : body)
    },
    [`GET ${base}/{region}/{size}/{rotation}/{quality}.{format}`]: async (call, req, res) => {
      const rendition = await shown(call, res)
      try {
        const picture = parseRequest(call.params as unknown as Segments, rendition, version)
        const id = serviceOf(originOf(req), version, rendition.slideId)
        const link = `<${id}/${canonical(picture, rendition, version)}>;rel="canonical",<${profileOf(version)}>;rel="profile"`
        const wanted = { rendition, picture, cacheControl: FOR_A_MINUTE, headers: { link } }
        await answerPicture(parts, { call, req, res }, wanted)
      } catch (error) {
        if (!(error instanceof NotImplementedError)) throw error
        sendRefusal(res, {
          status: 501,
          title: 'Not implemented',
          code: 'not-implemented',
          detail: error.publicMessage,
        })
      }
    },
  }
}

/**
 * Viewers on other sites may read what their own token opens (3.0, section 7.1): `*` never goes with a cookie. An origin
 * that the configuration names has been told already.
 */
function openToAll(res: ServerResponse): void {
  if (res.hasHeader('access-control-allow-origin')) return
  res.setHeader('access-control-allow-origin', '*')
  res.setHeader('access-control-expose-headers', 'ETag, Link, Server-Timing')
}

/** JSON-LD unless only plain JSON is wanted (3.0, section 5); in version 2 the other way round, with a link (2.1, 5.1). */
function typeOf(req: IncomingMessage, version: Version): Record<string, string> {
  const accept = req.headers.accept ?? '*/*'
  const linked = accept.includes('application/ld+json')
  const plain = version === 2 ? !linked : !linked && accept.includes('application/json')
  const context = contextOf(version)
  if (!plain)
    return { 'content-type': version === 3 ? `application/ld+json;profile="${context}"` : 'application/ld+json' }
  return {
    'content-type': 'application/json',
    link: `<${context}>;rel="http://www.w3.org/ns/json-ld#context";type="application/ld+json"`,
  }
}
