/** Annotations one by one and in pages. The service alone understands a feature; here it is bytes. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpAnswer, HttpCall, HttpRoutes } from '@coverslip/platform/module.ts'
import { uuid } from '@coverslip/proto/api.ts'
import type { Box, Feature } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { allowed } from '../missing.ts'
import type { Clients } from './clients.ts'
import { featureCollection } from './feature-collection.ts'
import { etagOf, hasVersion, versionOfIfMatch } from './preconditions.ts'

const GEOJSON = 'application/geo+json'
/** gRPC takes messages up to 4 MiB; some room is left for the rest of the message. */
const MAX_BODY = 4 * 1024 * 1024 - 4096

/** @param text `x0,y0,x1,y1` in level-0 pixels, corners in any order */
export function parseBox(text: string): Box {
  const [a, b, c, d] = text.split(',').map(Number) as [number, number, number, number]
  return { x0: Math.min(a, c), y0: Math.min(b, d), x1: Math.max(a, c), y1: Math.max(b, d) }
}

/** @throws ServiceError `too-large`, `invalid` for what is nested so deeply that it exhausts the stack */
export function bodyBytes(body: unknown): Buffer {
  const bytes = Buffer.from(textOf(body))
  if (bytes.length <= MAX_BODY) return bytes
  throw new ServiceError('too-large', 'This is more than 4 MiB of GeoJSON; import it as a file (annotations.geojson)')
}

function textOf(body: unknown): string {
  try {
    return JSON.stringify(body)
  } catch (cause) {
    throw new ServiceError('invalid', 'The GeoJSON is nested too deeply', { cause })
  }
}

const featureAnswer = (feature: Feature, created?: { at: string }): HttpAnswer => ({
  status: created ? 201 : 200,
  headers: {
    'content-type': GEOJSON,
    etag: etagOf(feature.version),
    ...(created && { location: `${created.at}/${feature.id}` }),
  },
  body: Buffer.from(feature.geojson),
})

const headerOf = (call: HttpCall, name: string): string | undefined => {
  const value = call.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

export function annotationRoutes({ annotations, slides }: Clients): NonNullable<HttpRoutes['routes']> {
  const slideOf = async (call: HttpCall): Promise<string> =>
    (await allowed(call, call.params.id!, () => slides.findPresent(call.params.id!))).slideId
  const oneOf = async (call: HttpCall): Promise<{ slideId: string; annotationId: string }> => {
    const slideId = await slideOf(call)
    const annotationId = call.params.annotationId!
    if (!uuid.safeParse(annotationId).success) throw new ServiceError('not-found', 'There is no such annotation')
    return { slideId, annotationId }
  }
  return {
    async 'GET /api/slides/{id}/annotations'(call) {
      const { limit, cursor, bbox } = call.query as { limit: number; cursor?: string; bbox?: string }
      const request = {
        slideId: await slideOf(call),
        limit,
        cursor: cursor ?? '',
        box: bbox ? parseBox(bbox) : undefined,
      }
      const page = await annotations.listAnnotations(request, { onBehalfOf: call.token })
      const body = featureCollection(page.features, { nextCursor: page.nextCursor || null, seq: page.seq })
      return { headers: { 'content-type': GEOJSON }, body }
    },
    async 'POST /api/slides/{id}/annotations'(call) {
      const request = { slideId: await slideOf(call), geojson: bodyBytes(call.body) }
      const { features, seq } = await annotations.createAnnotations(request, { onBehalfOf: call.token })
      const [only, ...others] = features
      if ((call.body as { type: string }).type === 'Feature' && only && others.length === 0) {
        return featureAnswer(only, { at: call.path })
      }
      return { headers: { 'content-type': GEOJSON }, body: featureCollection(features, { nextCursor: null, seq }) }
    },
    async 'GET /api/slides/{id}/annotations/{annotationId}'(call) {
      const { feature } = await annotations.getAnnotation(await oneOf(call), { onBehalfOf: call.token })
      if (hasVersion(headerOf(call, 'if-none-match'), feature!.version)) {
        return { status: 304, headers: { etag: etagOf(feature!.version) } }
      }
      return featureAnswer(feature!)
    },
    async 'PUT /api/slides/{id}/annotations/{annotationId}'(call) {
      const one = await oneOf(call)
      const ifVersion = versionOfIfMatch(headerOf(call, 'if-match'))
      const request = { ...one, ifVersion, geojson: bodyBytes(call.body) }
      const { feature } = await annotations.updateAnnotation(request, { onBehalfOf: call.token })
      return featureAnswer(feature!)
    },
    async 'DELETE /api/slides/{id}/annotations/{annotationId}'(call) {
      const one = await oneOf(call)
      const ifVersion = versionOfIfMatch(headerOf(call, 'if-match'))
      await annotations.deleteAnnotation({ ...one, ifVersion }, { onBehalfOf: call.token })
      return { status: 204 }
    },
  }
}
