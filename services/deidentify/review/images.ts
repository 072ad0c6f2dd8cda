/** The pictures that a reviewer compares: decoded when they are asked for, kept nowhere. */
import { unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpAnswer, HttpCall, HttpHandler } from '@coverslip/platform/module.ts'
import { localFolder } from '@coverslip/platform/objects/folder.ts'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { reviewImage } from '@coverslip/proto/api/reviews.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { pagedSource } from '@coverslip/wsi/byte-source.ts'
import type { Rectangle } from '../files.ts'
import type { DeidentifyDeps } from '../received.ts'
import { imagesOf, recordLook } from './looks.ts'
import { openSlidePictures } from './pictures/openslide.ts'
import { renderRegion, toJpeg } from './pictures/render.ts'
import type { Shelf } from './pictures/shelf.ts'
import type { Picture, SlidePictures } from './pictures/slide-pictures.ts'
import { openTiffPictures } from './pictures/tiff.ts'
import { reviewFor } from './routes.ts'
import { announcementOf, type ReviewTable, receivedOf } from './store.ts'

const THUMBNAIL = 1600
const LARGEST = 2000

/** Files of one slide in a store; the first is the one to open. */
interface Stored {
  objects: ReadableObjects
  prefix: string
  keys: readonly string[]
  format: string
}

function sourceOf({ objects }: DeidentifyDeps, row: ReviewTable): Stored {
  const message = receivedOf(row)
  if (!message) throw unknownThing()
  const { format } = announcementOf(row)
  return { objects: objects.source, prefix: `${row.slide_id}/1/`, keys: message.sourceKeys, format }
}

function resultOf({ objects }: DeidentifyDeps, row: ReviewTable): Stored {
  const { file, moreFiles, rendition, format, revision } = announcementOf(row)
  if (!file || row.state === 'rejected' || row.state === 'failed') throw unknownThing()
  const prefix = `${row.slide_id}/${revision}/`
  const keys = [file, ...moreFiles].map(({ key }) => key)
  if (rendition === Rendition.PYRAMID) return { objects: objects.pyramid, prefix, keys, format: 'generic-tiff' }
  return { objects: objects.original, prefix, keys, format }
}

/** TIFF is read where it lies; what takes OpenSlide is fetched into a folder that goes with it. */
async function openPictures(deps: DeidentifyDeps, { objects, prefix, keys, format }: Stored): Promise<SlidePictures> {
  const [key] = keys as [string]
  if (format === 'aperio' || format === 'generic-tiff') {
    const info = await objects.head(key)
    if (!info) throw unknownThing()
    const source = pagedSource({
      size: info.size,
      read: (offset, length, signal) => objects.range(key, offset, length, signal),
    })
    const tiff = await openTiffPictures(source, format)
    if (tiff) return tiff
  }
  const folder = await localFolder(objects, prefix, keys, deps.scratch)
  const slide = await openSlidePictures(folder.path).catch(async error => {
    await folder.release()
    throw error
  })
  return {
    ...slide,
    async close() {
      await slide.close()
      await folder.release()
    },
  }
}

const jpeg = (body: Buffer): HttpAnswer => ({
  headers: { 'content-type': 'image/jpeg', 'cache-control': 'no-store, private' },
  body,
})

export function imageRoutes(deps: DeidentifyDeps, shelf: Shelf): Record<string, HttpHandler> {
  const using = <Result>(
    row: ReviewTable,
    which: 'before' | 'after',
    work: (slide: SlidePictures) => Promise<Result>,
  ) => {
    const stored = which === 'before' ? sourceOf(deps, row) : resultOf(deps, row)
    return shelf.use(`${which} ${row.slide_id} ${row.revision}`, () => openPictures(deps, stored), work)
  }
  return {
    async 'GET /api/reviews/{id}/images/{image}'(call) {
      const row = await reviewFor(deps, call)
      const image = reviewImage.safeParse(call.params.image).data
      if (!image || !imagesOf(row).includes(image)) throw unknownThing()
      const [which, kind] = image.split('-') as ['before' | 'after', 'label' | 'macro' | 'thumbnail']
      const picture = await using(row, which, slide => pictureOf(slide, kind, call.signal))
      const answer = jpeg(await toJpeg(picture, LARGEST))
      await recordLook(deps.db.query, row, image, call.principal.userId)
      return answer
    },
    async 'GET /api/reviews/{id}/region'(call) {
      const row = await reviewFor(deps, call)
      const { size, ...rectangle } = call.query as unknown as Rectangle & { size: number }
      return jpeg(await toJpeg(await using(row, 'after', slide => renderRegion(slide, rectangle, size, call.signal))))
    },
  }
}

/** An overview stands for a thumbnail that the file does not have. @throws ServiceError `not-found` */
async function pictureOf(
  slide: SlidePictures,
  kind: 'label' | 'macro' | 'thumbnail',
  signal: HttpCall['signal'],
): Promise<Picture> {
  const associated = await slide.readAssociated(kind, signal)
  if (associated) return associated
  if (kind !== 'thumbnail') throw unknownThing()
  const { width, height } = slide.levels[0]!
  return renderRegion(slide, { x: 0, y: 0, width, height }, THUMBNAIL, signal)
}
