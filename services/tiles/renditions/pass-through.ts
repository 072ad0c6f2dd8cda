/**
 * The original of a slide whose file is a tiled TIFF (Aperio SVS, generic TIFF): its tiles go out as the scanner wrote
 * them, made complete. Reads ranges only, so the file may lie in an object store.
 */
import { describeAperio, isAperio } from '@coverslip/wsi/formats/aperio.ts'
import { describeGeneric } from '@coverslip/wsi/formats/generic.ts'
import { isHamamatsu } from '@coverslip/wsi/formats/hamamatsu/index.ts'
import { claimedByVendor } from '@coverslip/wsi/formats/vendors.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { completeJpeg, decodeTile, undecodable } from '@coverslip/wsi/tiff/decode.ts'
import { readGeometry, readImage, type TiffImage } from '@coverslip/wsi/tiff/image.ts'
import { readTiff, type TiffFile } from '@coverslip/wsi/tiff/index.ts'
import { createRegionReader } from '@coverslip/wsi/tiff/region.ts'
import { Compression } from '@coverslip/wsi/tiff/tags.ts'
import { encodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import type { RenditionSource } from './object-source.ts'
import type { Rendition } from './rendition.ts'
import { readTiledRegion } from './tiled-region.ts'

/** Tiles that are stored in another coding than JPEG are coded once; nobody should see that they were. */
const QUALITY = 90

/** Larger tiles than viewers like are cut by rendering. */
const LARGEST_TILE = 1024

/**
 * Opens an original for its stored tiles.
 * @returns null for what is not a tiled TIFF, or is one whose tiles only OpenSlide understands
 * @throws SlideFileError `damaged`, `unsupported`
 */
export async function openPassThrough(source: RenditionSource, name: string): Promise<Rendition | null> {
  const file = await readTiff(source).catch(error => {
    if (error?.code === 'not-a-slide') return null
    throw error
  })
  if (!file) return null
  const description = await describe(file)
  const images = description && (await storedLevels(file, description, source.size))
  return images ? renditionOf(source, name, description, images) : null
}

async function describe(file: TiffFile): Promise<SlideDescription | null> {
  if (isHamamatsu(file)) return null
  if (await isAperio(file)) return describeAperio(file)
  return (await claimedByVendor(file)) ? null : describeGeneric(file)
}

/** The images of the levels, largest first; null where level 0 has no tiles that can be handed out. */
async function storedLevels(file: TiffFile, { levels }: SlideDescription, size: number): Promise<TiffImage[] | null> {
  const geometries = await Promise.all(file.ifds.map(async ifd => ({ ifd, image: await readGeometry(ifd) })))
  const [first] = geometries
  if (!first) return null
  const { tileWidth } = first.image
  const images: TiffImage[] = []
  for (const { width, height } of levels) {
    // Aperio's thumbnail may have a level's size, too, but no tiles. A level in tiles of another shape is left out: what
    // it shows is rendered from the larger one.
    const found = geometries.find(
      ({ image }) =>
        image.tiled &&
        image.width === width &&
        image.height === height &&
        image.tileWidth === tileWidth &&
        image.tileHeight === tileWidth &&
        undecodable(image) === null,
    )
    if (found) images.push(await readImage(found.ifd, size))
  }
  images.sort((a, b) => b.width - a.width)
  return images[0]?.width === first.image.width && tileWidth <= LARGEST_TILE ? images : null
}

function renditionOf(
  source: RenditionSource,
  name: string,
  { mpp, objectivePower, icc }: SlideDescription,
  images: TiffImage[],
): Rendition {
  const [first] = images as [TiffImage]
  const tileSize = first.tileWidth

  function placeOf(level: number, column: number, row: number) {
    const image = images[level]
    if (!image || column >= image.across || row >= image.down) throw new RangeError('the original has no such tile')
    const i = row * image.across + column
    return { image, offset: image.offsets[i] as number, length: image.counts[i] as number }
  }

  async function readTile(level: number, column: number, row: number, signal?: AbortSignal) {
    const { image, offset, length } = placeOf(level, column, row)
    if (length === 0) return undefined
    const bytes = await source.read(offset, length, signal)
    if (image.compression === Compression.Jpeg) return completeJpeg(image, bytes)
    return encodeRgb(await decodeTile(image, bytes, tileSize, tileSize), tileSize, tileSize, { quality: QUALITY })
  }

  function readTileNow(level: number, column: number, row: number): Buffer | undefined {
    const { image, offset, length } = placeOf(level, column, row)
    if (length === 0 || image.compression !== Compression.Jpeg) return undefined
    const bytes = Buffer.allocUnsafe(length)
    return source.readNow!(offset, bytes) ? completeJpeg(image, bytes) : undefined
  }

  return {
    name,
    width: first.width,
    height: first.height,
    tileSize,
    levels: images.map(({ width, height, across, down }) => ({
      width,
      height,
      columns: across,
      rows: down,
      downsample: first.width / width,
    })),
    mpp,
    objectivePower,
    icc,
    passThrough: first.compression === Compression.Jpeg,
    readTile,
    ...(source.readNow ? { readTileNow } : {}),
    async readRegion(level, x, y, width, height, signal) {
      const image = images[level] as TiffImage
      const wanted = { x, y, width, height }
      if (image.compression === Compression.Jpeg)
        return readTiledRegion({ level: image, tileSize }, wanted, (column, row) =>
          readTile(level, column, row, signal),
        )
      return { width, height, data: await createRegionReader(source, image)(wanted, signal) }
    },
    close: async () => source.close?.(),
  }
}
