/** The annotations of one slide at the server. */
import { ApiError, json, request } from '../api.ts'
import type { AnnotationFeature, FeatureCollection } from './model.ts'
import { versionOf } from './model.ts'

export interface RemoteAnnotations {
  /** Every annotation, page after page; `seq` is the slide's counter when the first page was read. */
  list(onPage: (features: AnnotationFeature[]) => void): Promise<number>
  /** Null when it is gone. */
  get(id: string): Promise<AnnotationFeature | null>
  create(feature: AnnotationFeature): Promise<AnnotationFeature>
  replace(feature: AnnotationFeature, version: number): Promise<AnnotationFeature>
  remove(id: string, version: number): Promise<void>
}

const GEOJSON = 'application/geo+json'
const etag = (version: number) => `"${version}"`

/** @throws ApiError from each of its functions */
export function remoteAnnotations(slideId: string): RemoteAnnotations {
  const base = `/api/slides/${slideId}/annotations`
  const one = (id: string) => `${base}/${id}`
  return {
    async list(onPage) {
      let cursor: string | null = null
      let seq: number | undefined
      do {
        const next: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''
        const page: FeatureCollection = await json(`${base}?limit=1000${next}`)
        seq ??= Number(page.seq ?? 0)
        onPage(page.features)
        cursor = page.nextCursor ?? null
      } while (cursor)
      return seq
    },
    async get(id) {
      try {
        return await json<AnnotationFeature>(one(id))
      } catch (error) {
        if (error instanceof ApiError && (error.status === 404 || error.status === 410)) return null
        throw error
      }
    },
    async create(feature) {
      const answer = await json<unknown>(base, { method: 'POST', json: feature, type: GEOJSON })
      return onlyFeature(answer, feature)
    },
    async replace(feature, version) {
      const call = { method: 'PUT', json: feature, type: GEOJSON, ifMatch: etag(version) } as const
      return onlyFeature(await json<unknown>(one(feature.id), call), feature)
    },
    async remove(id, version) {
      await request(one(id), { method: 'DELETE', ifMatch: etag(version) })
    },
  }
}

/** The stored feature out of an answer that may be a Feature or a FeatureCollection of one. */
function onlyFeature(answer: unknown, sent: AnnotationFeature): AnnotationFeature {
  const { features } = answer as Partial<FeatureCollection>
  const feature = features ? features.find(candidate => candidate.id === sent.id) : (answer as AnnotationFeature)
  if (!feature || versionOf(feature) === 0)
    throw new ApiError(502, 'bad-answer', 'The server did not say which version it stored.')
  return feature
}
