import { extname } from 'node:path'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpAnswer, HttpHandler } from '@coverslip/platform/module.ts'
import { uuid } from '@coverslip/proto/api.ts'
import { askedRange } from './range.ts'
import type { DeidentifyDeps } from './received.ts'
import { findSlide, type SlideRecord } from './store.ts'

const unknown = () => new ServiceError('not-found', 'There is no such thing, or not for you')

async function find({ db }: DeidentifyDeps, id: string | undefined): Promise<SlideRecord> {
  // Not a UUID: asking the database would be an error there.
  const slide = uuid.safeParse(id).success ? await findSlide(db.query, id!) : undefined
  if (slide?.state !== 'done') throw unknown()
  return slide
}

const header = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined)

/** GET /api/slides/{id}/original: the de-identified file in the vendor's format, whole or in ranges. */
export const downloadOriginal =
  (deps: DeidentifyDeps): HttpHandler =>
  async call => {
    const slide = await find(deps, call.params.id)
    call.allow({ project: slide.project, slide: slide.slideId })
    if (slide.file?.rendition !== 'original') {
      throw new ServiceError('not-found', 'There is no de-identified original for this format yet')
    }
    const { key, bytes, sha256 } = slide.file
    const etag = `"${sha256}"`
    const headers = {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${slide.slideId}${extname(key)}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      etag,
    }
    if (header(call.headers['if-none-match']) === etag) return { status: 304, headers }
    const ifRange = header(call.headers['if-range'])
    const asked = askedRange(ifRange && ifRange !== etag ? undefined : header(call.headers.range), bytes)
    return answer(deps, key, bytes, asked, headers)
  }

async function answer(
  { objects }: DeidentifyDeps,
  key: string,
  size: number,
  asked: ReturnType<typeof askedRange>,
  headers: Record<string, string>,
): Promise<HttpAnswer> {
  if (asked.kind === 'unsatisfiable') {
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${size}` }, body: Buffer.alloc(0) }
  }
  const { offset, length } = asked.kind === 'part' ? asked : { offset: 0, length: size }
  const body = await objects.original.stream(key, { offset, length })
  const sized = { ...headers, 'content-length': String(length) }
  if (asked.kind === 'all') return { status: 200, headers: sized, body }
  return { status: 206, headers: { ...sized, 'content-range': `bytes ${offset}-${offset + length - 1}/${size}` }, body }
}
