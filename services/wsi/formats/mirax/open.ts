import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { assertInside, type ClosableSource, openFile } from '../../byte-source.ts'
import { SlideFileError } from '../../errors.ts'
import { frameSize } from '../../jpeg.ts'
import { pictureReader } from '../../picture-reader.ts'
import type { PictureSlideReader } from '../../pictures.ts'
import type { AssociatedImage, AssociatedKind, SlideDescription } from '../../slide.ts'
import { ownFile } from '../references.ts'
import { miraxFolder } from './detect.ts'
import { type MiraxGeometry, miraxGeometry } from './geometry.ts'
import { type DataPlace, MiraxIndex } from './index-file.ts'
import { isPasted, pictureLookup, placeImages } from './layout.ts'
import { nominalPositions, storedPositions } from './positions.ts'
import { type MiraxRecord, miraxRecords } from './records.ts'
import { parseSlidedat, type Slidedat, textOf, wholeNumber } from './slidedat.ts'

/** A slide of four million images and all of its zoom levels has an index of this size. */
const MAX_INDEX_BYTES = 100 * 1024 * 1024

/** Records of the scan data layer that are pictures, by what they show. The first one shows the whole glass. */
const ASSOCIATED: Record<string, AssociatedKind> = {
  ScanDataLayer_SlideBarcode: 'label',
  ScanDataLayer_SlideThumbnail: 'macro',
  ScanDataLayer_SlidePreview: 'thumbnail',
  ScanDataLayer_WholeSlide: 'other',
}

interface Open {
  slidedat: Slidedat
  geometry: MiraxGeometry
  index: MiraxIndex
  paths: string[]
  sources: ClosableSource[]
}

/**
 * Opens a MIRAX slide for its level-0 pixels.
 * @param path of the .mrxs file; its folder lies beside it
 * @returns null when it is stored in a way that only OpenSlide reads
 * @throws SlideFileError `unsupported`, `damaged`; file-system errors of files that its Slidedat.ini names as `damaged`
 */
export async function openMirax(path: string): Promise<PictureSlideReader | null> {
  const folder = miraxFolder(path)
  const slidedat = parseSlidedat(await readFile(join(folder, 'Slidedat.ini')))
  const geometry = miraxGeometry(slidedat)
  const files = wholeNumber(slidedat, 'DATAFILE', 'FILE_COUNT', { min: 1, max: 1000 })
  const names = Array.from({ length: files }, (_, i) => ownFile(textOf(slidedat, 'DATAFILE', `FILE_${i}`)))
  const index = new MiraxIndex(await readIndex(folder, slidedat), geometry.slideId, files)
  const paths = names.map(name => join(folder, name))
  const sources = await openAll(paths)
  try {
    const reader = await pasted({ slidedat, geometry, index, paths, sources })
    if (!reader) await closeAll(sources)
    return reader
  } catch (error) {
    await closeAll(sources)
    throw error
  }
}

const missing = (cause: unknown) =>
  new SlideFileError('damaged', 'The slide is incomplete: a file that its Slidedat.ini names is missing.', { cause })

async function readIndex(folder: string, slidedat: Slidedat): Promise<Buffer> {
  const path = join(folder, ownFile(textOf(slidedat, 'HIERARCHICAL', 'INDEXFILE')))
  const { size } = await stat(path).catch(cause => Promise.reject(missing(cause)))
  if (size > MAX_INDEX_BYTES) throw new SlideFileError('too-large', "The slide's Index.dat is too large.")
  return readFile(path)
}

async function openAll(paths: readonly string[]): Promise<ClosableSource[]> {
  const sources: ClosableSource[] = []
  try {
    for (const path of paths) sources.push(await openFile(path))
    return sources
  } catch (error) {
    await closeAll(sources)
    throw missing(error)
  }
}

const closeAll = (sources: readonly ClosableSource[]) => Promise.all(sources.map(source => source.close()))

async function pasted(slide: Open): Promise<PictureSlideReader | null> {
  const { slidedat, geometry, index, paths, sources } = slide
  const records = miraxRecords(slidedat)
  const description = { ...describe(geometry), associated: await associatedImages(slide, records) }
  if (geometry.coding !== 'JPEG' || !isPasted(geometry)) return null
  const images = index.images(0, geometry.imagesAcross * geometry.imagesDown)
  for (let i = 0; i < images.length; i += 4) {
    const source = sources[images[i + 3] as number] as ClosableSource
    assertInside(source.size, images[i + 1] as number, images[i + 2] as number)
  }
  const placed = placeImages(geometry, images, await positionsOf(slide, records))
  return placed && pictureReader(description, { paths, sources }, pictureLookup(geometry, placed))
}

const describe = ({ width, height, levels, mpp, objectivePower }: MiraxGeometry): SlideDescription => ({
  format: 'mirax',
  width,
  height,
  levels,
  mpp,
  objectivePower,
  icc: null,
  associated: [],
})

/** The list of camera positions: plain in older slides, compressed in those from version 2.2 on, or none. */
async function positionsOf(slide: Open, records: readonly MiraxRecord[]): Promise<Int32Array> {
  const plain = records.find(({ layer }) => layer === 'VIMSLIDE_POSITION_BUFFER')
  const compressed = records.find(({ layer }) => layer === 'StitchingIntensityLayer')
  const record = plain ?? compressed
  if (!record) return nominalPositions(slide.geometry)
  const bytes = await readPlace(slide, slide.index.record(record.number))
  return storedPositions(slide.geometry, bytes, record === compressed)
}

/** A list of positions for as many photographs as a slide may have, and then some. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024

async function readPlace({ sources }: Open, { file, offset, length }: DataPlace): Promise<Buffer> {
  if (length > MAX_RECORD_BYTES) throw new SlideFileError('too-large', 'A record of the slide is too large.')
  return (sources[file] as ClosableSource).read(offset, length)
}

async function associatedImages(slide: Open, records: readonly MiraxRecord[]): Promise<AssociatedImage[]> {
  const pictures = records.filter(({ name }) => ASSOCIATED[name])
  const images = await Promise.all(
    pictures.map(async record => {
      const { width, height } = frameSize(await readPlace(slide, slide.index.record(record.number)))
      return { kind: ASSOCIATED[record.name] as AssociatedKind, width, height }
    }),
  )
  const order: AssociatedKind[] = ['label', 'macro', 'thumbnail', 'other']
  return images.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
}
