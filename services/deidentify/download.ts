import { extname } from 'node:path'
import { recordDownload } from '@coverslip/platform/erasure.ts'
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import { rangeAnswer } from '@coverslip/platform/http/range.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import { uuid } from '@coverslip/proto/api.ts'
import type { DeidentifyDeps } from './received.ts'
import { findSlide, type SlideRecord } from './store.ts'

async function find({ db }: DeidentifyDeps, id: string | undefined): Promise<SlideRecord> {
  // Not a UUID: asking the database would be an error there.
  const slide = uuid.safeParse(id).success ? await findSlide(db.query, id!) : undefined
  if (slide?.state !== 'done') throw unknownThing()
  return slide
}

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
    // Whoever took a copy is named when the slide is withdrawn.
    await recordDownload(deps.db.query, { thing: slide.slideId, user: call.principal.userId, what: 'original' })
    return rangeAnswer(call, {
      size: bytes,
      etag: `"${sha256}"`,
      type: 'application/octet-stream',
      fileName: `${slide.slideId}${extname(key)}`,
      open: range => deps.objects.original.stream(key, range),
    })
  }
