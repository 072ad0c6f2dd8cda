import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { encodeRgb } from '../turbojpeg.ts'
import { makeBlocks } from './block-pool.ts'
import { cut, type Picture, paste } from './grid.ts'
import { leaveBesideMirax } from './hidden.ts'
import { drawLabel, drawMacro } from './label.ts'
import { createDataFiles, type DataFiles, indexFile, type StoredImage } from './mirax-files.ts'
import { DIVISIONS, halve, type Photo, type PhotoSettings, photoPosition } from './mirax-photo.ts'
import { miraxHeaderXml, miraxProfileXml, miraxSlideId, type SideLayer, slidedat } from './mirax-text.ts'
import type { Settled } from './options.ts'
import { fit } from './tiff-slide.ts'

const WORKER = new URL('./mirax-worker.ts', import.meta.url)
/** Zoom levels that come ready from the photographs. */
const FROM_PHOTOS = 3
const MAX_LEVELS = 10

/** The grid of photographs and what follows from it. */
interface Grid {
  columns: number
  rows: number
  levels: number
  photo: PhotoSettings
}

function gridOf({ width, height, tileSize, overlap, seed, mpp, quality }: Settled): Grid {
  const side = tileSize * DIVISIONS
  const count = (length: number) => Math.max(1, Math.ceil((length - overlap) / (side - overlap)))
  const [columns, rows] = [count(width), count(height)]
  const scene = {
    width: columns * (side - overlap) + overlap,
    height: rows * (side - overlap) + overlap,
    seed,
    mpp,
  }
  const levels = Math.min(MAX_LEVELS, 1 + Math.ceil(Math.log2(Math.max(columns, rows) * DIVISIONS)))
  return { columns, rows, levels, photo: { scene, tileSize, quality, overlap } }
}

/**
 * Writes a MIRAX slide: photographs at slightly irregular places, cut into images; zoom levels halved from the plane of
 * images; glass left out; label, macro and preview as pictures of the scan data layer, patient data in Slidedat.ini, XML
 * and every header.
 */
export async function writeMirax(path: string, options: Settled): Promise<{ folder: string }> {
  const folder = `${path}.folder`
  await mkdir(folder)
  const grid = gridOf(options)
  const slideId = miraxSlideId(options.patient)
  const data = await createDataFiles(folder, slideId, options.dataFileBytes)
  try {
    const { stored, plane, photographs } = await writeLevels(data, grid, options)
    const { layers, blobs, head } = await writeSides(data, plane, grid, options)
    if (options.hidingPlaces === 'all') {
      await data.leave(Buffer.from(`\0${options.patient.surgicalNumber} left behind\0`))
      await data.leave(Buffer.from(`\0${options.patient.firstName} left behind\0`, 'utf16le'))
    }
    const facts = {
      ...{ slideId, layers, photographs, levels: grid.levels, dataFiles: data.names },
      ...{ columns: grid.columns * DIVISIONS, rows: grid.rows * DIVISIONS },
      ...{ tileSize: options.tileSize, overlap: options.overlap, mpp: options.mpp },
      ...{ objectivePower: options.objectivePower, quality: options.quality },
    }
    await writeFile(join(folder, 'Index.dat'), indexFile(slideId, stored, blobs))
    await writeFile(join(folder, 'Slidedat.ini'), slidedat(facts, options.patient))
    await writeFile(path, head)
    if (options.hidingPlaces === 'all') await leaveBesideMirax(folder, options.patient)
  } finally {
    await data.close()
  }
  await syncFiles([path, join(folder, 'Index.dat'), join(folder, 'Slidedat.ini')])
  return { folder }
}

async function syncFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const file = await open(path)
    await file.sync()
    await file.close()
  }
}

async function writeLevels(data: DataFiles, grid: Grid, options: Settled) {
  const { columns, rows, photo } = grid
  const eighth = (photo.tileSize * DIVISIONS) / 8
  const stored: StoredImage[][] = Array.from({ length: grid.levels }, () => [])
  const active = new Set<number>()
  let plane = blank(columns * eighth, rows * eighth)
  for await (const { column, row, block } of makeBlocks<Photo>(WORKER, photo, columns, rows, options.workers)) {
    options.signal?.throwIfAborted()
    options.onProgress?.((0.95 * (row * columns + column + 1)) / (rows * columns))
    paste(block.eighth, eighth, plane, column * eighth, row * eighth)
    if (!block.levels) continue
    active.add(row * columns + column)
    for (const [k, images] of block.levels.entries()) {
      const count = DIVISIONS >> k
      for (const [i, jpeg] of images.entries()) {
        const x = (column * count + (i % count)) << k
        const y = (row * count + Math.floor(i / count)) << k
        stored[k]?.push({ image: y * columns * DIVISIONS + x, ...(await data.add(jpeg)) })
      }
    }
  }
  const full = plane
  for (let k = FROM_PHOTOS; k < grid.levels; k++) {
    if (k > FROM_PHOTOS) plane = halvePicture(plane)
    stored[k] = await writePlane(data, plane, k, grid, active)
  }
  for (const images of stored) images.sort((a, b) => a.image - b.image)
  return { stored, plane: full, photographs: active.size }
}

/** The images of one zoom level that show more than left-out photographs. */
async function writePlane(
  data: DataFiles,
  plane: Picture,
  k: number,
  { columns, photo, rows }: Grid,
  active: ReadonlySet<number>,
): Promise<StoredImage[]> {
  const { tileSize, quality } = photo
  /** Photographs across one image. */
  const span = 2 ** k / DIVISIONS
  const images: StoredImage[] = []
  for (let y = 0; y * span < rows; y++) {
    for (let x = 0; x * span < columns; x++) {
      const seen = [...active].some(
        index => Math.floor((index % columns) / span) === x && Math.floor(Math.floor(index / columns) / span) === y,
      )
      if (!seen) continue
      const rgb = tileOf(plane, x * tileSize, y * tileSize, tileSize)
      const blob = await data.add(encodeRgb(rgb, tileSize, tileSize, { quality }))
      images.push({ image: y * 2 ** k * columns * DIVISIONS + x * 2 ** k, ...blob })
    }
  }
  return images
}

/** Thumbnail and preview of the whole, label, bar code, XML, positions: everything beside the zoom levels. */
async function writeSides(data: DataFiles, plane: Picture, grid: Grid, options: Settled) {
  const { patient, quality } = options
  const preview = await fit(plane, 640, 1472)
  const label = await drawLabel(patient)
  const macro = options.macro ? await turned(await drawMacro(preview, label)) : null
  const jpeg = ({ width, height, data }: Picture) => encodeRgb(data, width, height, { quality, subsampling: '4:4:4' })
  const sides: { layer: string; name: string; bytes: Buffer; picture?: Sized }[] = []
  const add = (name: string, bytes: Buffer, layer = 'Scan data layer') => sides.push({ layer, name, bytes })
  const addPicture = (name: string, kind: Sized['kind'], picture: Picture) => {
    const { width, height } = picture
    sides.push({ layer: 'Scan data layer', name, bytes: jpeg(picture), picture: { kind, width, height } })
  }
  add('ScanDataLayer_XMLInfoHeader', Buffer.from(miraxHeaderXml(patient)))
  if (macro) addPicture('ScanDataLayer_SlideThumbnail', 'THUMBNAIL', macro)
  if (options.label) addPicture('ScanDataLayer_SlideBarcode', 'BARCODE', label)
  addPicture('ScanDataLayer_SlidePreview', 'PREVIEW', preview)
  if (macro) addPicture('ScanDataLayer_WholeSlide', 'WHOLESLIDE', macro)
  add('ProfileXMLHeader', Buffer.from('<?xml version="1.0"?><ProfileHeader/>'))
  add('ProfileXML', Buffer.from(miraxProfileXml(patient)))
  add('default', Buffer.alloc(3 * 256 * 4), 'VIMSLIDE_HISTOGRAM_DATA')
  if (options.overlap > 0) {
    const buffer = positionBuffer(grid)
    if (options.positions === 'plain') add('default', buffer, 'VIMSLIDE_POSITION_BUFFER')
    else add('StitchingIntensityLevel', deflateSync(buffer), 'StitchingIntensityLayer')
  }
  const blobs = []
  for (const { bytes } of sides) blobs.push(await data.add(bytes))
  const names = [...new Set(sides.map(({ layer }) => layer))]
  const layers: SideLayer[] = names.map(name => ({ name, entries: sides.filter(({ layer }) => layer === name) }))
  // The file itself is a picture to the viewer's file list.
  return { layers, blobs, head: jpeg(macro ?? preview) }
}

type Sized = NonNullable<SideLayer['entries'][number]['picture']>

/** Where each photograph lies: a flag and two 32-bit numbers. */
function positionBuffer({ columns, rows, photo }: Grid): Buffer {
  const buffer = Buffer.alloc(columns * rows * 9)
  for (let i = 0; i < columns * rows; i++) {
    const { x, y } = photoPosition(i % columns, Math.floor(i / columns), photo)
    buffer.writeInt32LE(x, i * 9 + 1)
    buffer.writeInt32LE(y, i * 9 + 5)
  }
  return buffer
}

const blank = (width: number, height: number): Picture => ({
  width,
  height,
  data: Buffer.alloc(width * height * 3, 255),
})

/** Half the size; an odd last row or column is filled with white. */
function halvePicture({ width, height, data }: Picture): Picture {
  const even = blank(width + (width % 2), height + (height % 2))
  paste(data, width, even, 0, 0)
  return { width: even.width / 2, height: even.height / 2, data: halve(even.data, even.width, even.height) }
}

function tileOf(plane: Picture, x: number, y: number, side: number): Buffer {
  const tile = blank(side, side)
  const [width, height] = [Math.min(side, plane.width - x), Math.min(side, plane.height - y)]
  if (width > 0 && height > 0) paste(cut(plane.data, plane.width, x, y, width, height), width, tile, 0, 0)
  return tile.data
}

/** The overview camera sees the slide upright. */
async function turned({ width, height, data }: Picture): Promise<Picture> {
  const image = sharp(data, { raw: { width, height, channels: 3 } }).rotate(270)
  const { data: turnedData, info } = await image.raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data: turnedData }
}
