import { type ClosableSource, openFile } from '../byte-source.ts'
import { SlideFileError } from '../errors.ts'
import { describeGeneric } from '../formats/generic.ts'
import { frameSize, spliceTables } from '../jpeg.ts'
import type { ByteSource, SlideDescription } from '../slide.ts'
import { readImage, type TiffImage } from '../tiff/image.ts'
import { type Ifd, readTiff } from '../tiff/index.ts'
import { Compression, Photometric, Tag } from '../tiff/tags.ts'
import { SOFTWARE } from './pages.ts'
import { pyramidLevels } from './plan.ts'
import type { PyramidSubsampling } from './quality-policy.ts'

export interface PyramidDescription
  extends Pick<SlideDescription, 'width' | 'height' | 'levels' | 'mpp' | 'objectivePower' | 'icc'> {
  tileSize: number
  subsampling: PyramidSubsampling
  /** All tiles of all levels. */
  tiles: number
  /** Size of the file. */
  bytes: number
}

const notOurs = (what: string) => new SlideFileError('unsupported', `The file is not a pyramid of Coverslip: ${what}.`)

function demand(condition: boolean, what: string): void {
  if (!condition) throw notOurs(what)
}

/**
 * Checks that a file is a pyramid as `convert` writes it, and describes it: the levels' rule, the geometry of every level,
 * all tiles present and inside the file, and the frame headers of each level's first and last tile.
 * @param pyramid a path or an open source
 * @throws SlideFileError `unsupported` when it is another kind of file, `damaged`, `not-a-slide`
 */
export async function verifyPyramid(pyramid: string | ByteSource, signal?: AbortSignal): Promise<PyramidDescription> {
  if (typeof pyramid !== 'string') return verify(pyramid, signal)
  const source: ClosableSource = await openFile(pyramid)
  try {
    return await verify(source, signal)
  } finally {
    await source.close()
  }
}

async function verify(source: ByteSource, signal?: AbortSignal): Promise<PyramidDescription> {
  const tiff = await readTiff(source)
  const [first] = tiff.ifds as [Ifd]
  demand((await first.text(Tag.Software)) === SOFTWARE && tiff.bigTiff, 'it was written by another program')
  const description = await describeGeneric(tiff)
  const tileSize = await first.number(Tag.TileWidth, 0)
  demand(tileSize >= 16 && tileSize % 16 === 0, 'its tiles have another size')
  const levels = pyramidLevels(description.width, description.height, tileSize)
  demand(tiff.ifds.length === levels.length, 'it has another number of levels')
  const subsampling = await subsamplingOf(first)
  let tiles = 0
  for (const [i, ifd] of tiff.ifds.entries()) {
    const image = await readImage(ifd, source.size, signal)
    const { width, height } = levels[i] as { width: number; height: number }
    demand(image.width === width && image.height === height, 'a level has another size')
    demand((await ifd.number(Tag.NewSubfileType, 0)) === (i === 0 ? 0 : 1), 'a level is not marked as one')
    await verifyLevel(source, image, { tileSize, subsampling }, signal)
    tiles += image.across * image.down
  }
  const { mpp, objectivePower, icc } = description
  return { ...levels[0]!, levels, mpp, objectivePower, icc, tileSize, subsampling, tiles, bytes: source.size }
}

async function subsamplingOf(ifd: Ifd): Promise<PyramidSubsampling> {
  const factors = (await ifd.numbers(Tag.YCbCrSubSampling))?.join()
  demand(factors === '2,2' || factors === '1,1', 'its tiles have another sampling')
  return factors === '2,2' ? '4:2:0' : '4:4:4'
}

type TileShape = Pick<PyramidDescription, 'tileSize' | 'subsampling'>

async function verifyLevel(source: ByteSource, image: TiffImage, shape: TileShape, signal?: AbortSignal) {
  const { tileSize, subsampling } = shape
  const jpeg = image.compression === Compression.Jpeg && image.photometric === Photometric.YCbCr
  demand(jpeg && image.samplesPerPixel === 3 && image.bitsPerSample === 8, 'its tiles are not YCbCr JPEG')
  demand(image.tiled && image.tileWidth === tileSize && image.tileHeight === tileSize, 'its tiles have another size')
  if (image.counts.some(count => count === 0)) throw new SlideFileError('damaged', 'The pyramid lacks a tile.')
  for (const i of new Set([0, image.across * image.down - 1])) {
    const tile = await source.read(image.offsets[i] as number, image.counts[i] as number, signal)
    const { width, height, sampling } = frameSize(spliceTables(image.jpegTables, tile))
    demand(width === tileSize && height === tileSize && sampling === subsampling, 'a tile has another size or sampling')
  }
}
