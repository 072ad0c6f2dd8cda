import { type ClosableSource, openFile } from './byte-source.ts'
import { SlideFileError } from './errors.ts'
import { describeAperio, isAperio } from './formats/aperio.ts'
import { assertEightBitColour } from './formats/content.ts'
import { describeGeneric } from './formats/generic.ts'
import { isHamamatsu } from './formats/hamamatsu/index.ts'
import { openHamamatsu } from './formats/hamamatsu/open.ts'
import { isMirax } from './formats/mirax/detect.ts'
import { openMirax } from './formats/mirax/open.ts'
import { assertOwnFiles } from './formats/references.ts'
import { claimedByVendor, isDicom } from './formats/vendors.ts'
import { openWithOpenSlide } from './openslide.ts'
import type { ByteSource, SlideDescription, SlideReader } from './slide.ts'
import { undecodable } from './tiff/decode.ts'
import { bytesOfTiles, readGeometry, readImage, type TiffImage } from './tiff/image.ts'
import { type Ifd, readTiff, type TiffFile } from './tiff/index.ts'
import { createRegionReader, cutSingleStrip } from './tiff/region.ts'

/** A slide whose level 0 is read by the own TIFF index: its stored tiles can be taken as they are. */
export interface TiffSlideReader extends SlideReader {
  readonly tiff: { source: ByteSource; level0: TiffImage }
}

/** Whether `reader` gives access to the stored tiles of level 0. */
export const isTiffSlide = (reader: SlideReader): reader is TiffSlideReader => 'tiff' in reader

/** A slide file that has been told by its content: a TIFF of the own index, or one for OpenSlide. */
type Detected =
  | { kind: 'tiff'; file: TiffFile; description: SlideDescription }
  | { kind: 'ndpi'; file: TiffFile }
  | { kind: 'mirax' }
  | { kind: 'openslide'; file: TiffFile | null }

/** How the file is to be read; by content, and by name only for MRXS, whose content lies in the folder beside it. */
async function detect(path: string, source: ByteSource): Promise<Detected> {
  if (await isMirax(path)) return { kind: 'mirax' }
  const file = await readTiff(source).catch((error: unknown) => {
    if (error instanceof SlideFileError && error.code === 'not-a-slide') return null
    throw error
  })
  if (!file) return { kind: 'openslide', file }
  if (isHamamatsu(file)) return { kind: 'ndpi', file }
  if (await isAperio(file)) return { kind: 'tiff', file, description: await describeAperio(file) }
  if (await claimedByVendor(file)) return { kind: 'openslide', file }
  return { kind: 'tiff', file, description: await describeGeneric(file) }
}

/**
 * What a slide file is, without decoding a pixel. MRXS: `path` is the .mrxs file, its folder lies beside it.
 * @throws SlideFileError with a plain reason when the file cannot be read as a slide; file-system errors as they are
 */
export async function describeSlide(path: string, signal?: AbortSignal): Promise<SlideDescription> {
  const slide = await openSlide(path, signal)
  await slide.close()
  return slide.description
}

/**
 * Opens a slide for its level-0 pixels. TIFF tiles that are stored as JPEG, LZW, Deflate, PackBits or plain bytes are
 * decoded here, everything else by OpenSlide.
 * @throws SlideFileError with a plain reason when the file cannot be read as a slide; file-system errors as they are
 */
export async function openSlide(path: string, signal?: AbortSignal): Promise<SlideReader> {
  const source = await openFile(path)
  try {
    const detected = await detect(path, source)
    if (detected.kind === 'openslide') return await throughOpenSlide(path, source, detected.file, signal)
    if (detected.kind === 'mirax') return await throughImages(path, source, signal)
    if (detected.kind === 'ndpi') return await throughSegments(path, source, detected.file, signal)
    return await throughIndex(path, source, detected.file, detected.description, signal)
  } catch (error) {
    await source.close()
    throw error
  }
}

async function throughOpenSlide(
  path: string,
  source: ClosableSource,
  file: TiffFile | null,
  signal?: AbortSignal,
): Promise<SlideReader> {
  const dicom = file === null && (await isDicom(source))
  // OpenSlide opens the file itself, and what it names.
  await source.close()
  await assertOwnFiles(path)
  const reader = await openWithOpenSlide(path, signal).catch((error: unknown) => {
    if (!dicom || !(error instanceof SlideFileError) || error.code !== 'not-a-slide') throw error
    throw new SlideFileError(
      'unsupported',
      'The file is DICOM, which the installed OpenSlide does not read (4.0 does).',
    )
  })
  return reader
}

/** NDPI by its restart segments; what has none by OpenSlide, which is told the description by the own index. */
async function throughSegments(
  path: string,
  source: ClosableSource,
  file: TiffFile,
  signal?: AbortSignal,
): Promise<SlideReader> {
  const { description, reader } = await openHamamatsu(path, source, file)
  return reader ?? { ...(await throughOpenSlide(path, source, file, signal)), description }
}

/** MIRAX by the images that it stores, where they are JPEG at whole pixels; else by OpenSlide. */
async function throughImages(path: string, source: ClosableSource, signal?: AbortSignal): Promise<SlideReader> {
  const reader = await openMirax(path)
  if (!reader) return throughOpenSlide(path, source, null, signal)
  await source.close()
  return reader
}

async function throughIndex(
  path: string,
  source: ClosableSource,
  file: TiffFile,
  description: SlideDescription,
  signal?: AbortSignal,
): Promise<SlideReader> {
  const [first] = file.ifds as [Ifd]
  const geometry = await readGeometry(first)
  assertEightBitColour(geometry)
  const reason = undecodable(geometry)
  if (reason !== null) {
    // OpenSlide may read what this index finds at fault.
    const stored = await readImage(first, source.size, signal).catch(() => null)
    const reader = await throughOpenSlide(path, source, file, signal).catch((error: unknown) => {
      const unknown = error instanceof SlideFileError && error.code === 'not-a-slide'
      throw unknown ? new SlideFileError('unsupported', `The image is stored ${reason}.`) : error
    })
    return { ...reader, description, ...(stored && { storedPixels: bytesOfTiles(stored) }) }
  }
  const level0 = cutSingleStrip(await readImage(first, source.size, signal))
  const read = createRegionReader(source, level0)
  const slide: TiffSlideReader = {
    description,
    tiff: { source, level0 },
    readRegion: (x, y, width, height, signal) => read({ x, y, width, height }, signal),
    close: () => source.close(),
  }
  return slide
}
