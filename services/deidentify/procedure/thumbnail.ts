/** Whether a thumbnail shows no more than the levels do, so that a site may keep it. */
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import sharp from 'sharp'
import { flagsOf, searchedSize } from '../review/flags/index.ts'
import { renderRegion } from '../review/pictures/render.ts'
import type { Picture } from '../review/pictures/slide-pictures.ts'
import { openTiffPictures } from '../review/pictures/tiff.ts'

/** In fewer pixels handwriting is a smear that nothing tells from tissue. */
const MIN_SIDE = 256
/**
 * Pixels to a side of the squares that are compared, and how far their mean colours may be apart, of 255. Grey letters
 * of 10 px differ by 70 in squares of 4 px, and by less than 20 in squares of 16 px; thumbnails of real slides by 11.
 */
const SQUARE = 4
const MAX_DIFFERENCE = 14

/**
 * Looks for ink, writing and bar codes, any of which is one too many, and compares the thumbnail with the levels: what is
 * in the one and not in the others is something else than tissue, or another picture than the thumbnail.
 * @param source of an Aperio file, whose second page is the thumbnail
 * @param mpp of level 0
 */
export async function isCleanThumbnail(source: ByteSource, mpp: number | null): Promise<boolean> {
  const slide = await openTiffPictures(source, 'aperio')
  const thumbnail = await slide?.readAssociated('thumbnail').catch(() => null)
  if (!slide || !thumbnail || Math.max(thumbnail.width, thumbnail.height) < MIN_SIDE) return false
  const { width, height } = slide.levels[0]!
  if ((await flagsOf(await reduced(thumbnail, searchedSize({ width, height }, mpp)))).length > 0) return false
  const size = Math.max(thumbnail.width, thumbnail.height)
  const overview = await renderRegion(slide, { x: 0, y: 0, width, height }, size)
  const [one, other] = await Promise.all([meansOf(thumbnail, thumbnail), meansOf(overview, thumbnail)])
  return one.every((value, i) => Math.abs(value - other[i]!) <= MAX_DIFFERENCE)
}

/** No finer than flags are told from tissue. */
async function reduced({ width, height, data }: Picture, size: number): Promise<Picture> {
  const smaller = sharp(data, { raw: { width, height, channels: 3 } }).resize(size, size, {
    fit: 'inside',
    withoutEnlargement: true,
  })
  const { data: pixels, info } = await smaller.raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data: pixels }
}

/** Mean colours of the squares of a picture that is brought to a size. */
async function meansOf({ width, height, data }: Picture, size: { width: number; height: number }): Promise<Buffer> {
  const [across, down] = [Math.ceil(size.width / SQUARE), Math.ceil(size.height / SQUARE)]
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(across, down, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer()
}
