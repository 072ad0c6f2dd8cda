import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type ClosableSource, openFile } from '@coverslip/wsi/byte-source.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { miraxFolder } from '@coverslip/wsi/formats/mirax/detect.ts'
import { miraxGeometry } from '@coverslip/wsi/formats/mirax/geometry.ts'
import { type ImageList, MiraxIndex } from '@coverslip/wsi/formats/mirax/index-file.ts'
import { miraxRecords } from '@coverslip/wsi/formats/mirax/records.ts'
import { parseSlidedat, type Slidedat, textOf, wholeNumber } from '@coverslip/wsi/formats/mirax/slidedat.ts'
import { assertOwnFiles } from '@coverslip/wsi/formats/references.ts'
import type { Choices } from '../draft.ts'
import type { ImagePlace, MiraxDraft, PlacedRecord, Stray } from './draft.ts'

const INI = 'Slidedat.ini'

/** Every zoom level's images are JPEG: others may carry texts that no step here looks for. */
function allJpeg(slidedat: Slidedat, levels: number): boolean {
  return Array.from({ length: levels }, (_, i) => {
    const section = textOf(slidedat, 'HIERARCHICAL', `HIER_0_VAL_${i}_SECTION`)
    return slidedat.get(section)?.get('IMAGE_FORMAT')
  }).every(coding => coding === 'JPEG')
}

/** What a result has in its `.mrxs` file, which may hold anything otherwise. */
const HEAD_BYTES = 1

async function straysOf(path: string, folder: string, known: ReadonlySet<string>): Promise<Stray[]> {
  const strays: Stray[] = []
  const { size } = await stat(path)
  if (size > HEAD_BYTES || (await readFile(path)).some(byte => byte !== 0))
    strays.push({ name: basename(path), bytes: size })
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (known.has(entry.name)) continue
    strays.push({ name: entry.name, bytes: entry.isFile() ? (await stat(join(folder, entry.name))).size : 0 })
  }
  return strays
}

/**
 * Reads the structure of a MIRAX slide that is to be edited.
 * @param path of the .mrxs file
 * @returns null when it is stored in a way that cannot be edited
 * @throws SlideFileError; its data files are open until `closeMirax`
 */
export async function openMiraxDraft(path: string, choices: Choices = {}): Promise<MiraxDraft | null> {
  await assertOwnFiles(path)
  const folder = miraxFolder(path)
  const slidedat = parseSlidedat(await readFile(join(folder, INI)))
  const geometry = miraxGeometry(slidedat)
  if (!allJpeg(slidedat, geometry.levels.length)) return null
  const files = wholeNumber(slidedat, 'DATAFILE', 'FILE_COUNT', { min: 1, max: 1000 })
  const names = Array.from({ length: files }, (_, i) => textOf(slidedat, 'DATAFILE', `FILE_${i}`))
  const indexName = textOf(slidedat, 'HIERARCHICAL', 'INDEXFILE')
  const index = new MiraxIndex(await readFile(join(folder, indexName)), geometry.slideId, files)
  const most = geometry.imagesAcross * geometry.imagesDown
  const levels = geometry.levels.map((_, level) => placesOf(index.images(level, most)))
  if (levels.reduce((sum, { length }) => sum + length, 0) > MAX_IMAGES) {
    throw new SlideFileError('too-large', 'The slide has more stored images than any slide.')
  }
  const records = miraxRecords(slidedat).map(record => ({ ...record, place: placeOf(index, record.number) }))
  const strays = await straysOf(path, folder, new Set([INI, indexName, ...names]))
  const data: ClosableSource[] = []
  try {
    for (const name of names) data.push(await openFile(join(folder, name)))
  } catch (error) {
    await closeMirax({ data })
    throw error
  }
  const nothing = Buffer.alloc(0)
  return {
    ...{ choices, data, slidedat, geometry, levels, records, strays },
    slideId: geometry.slideId,
    macro: null,
    made: { slidedat: nothing, index: nothing },
    edits: data.map(({ size }) => ({ patches: [], size })),
    removed: [],
    secrets: [],
  }
}

/** Ten times those of the largest glass at the finest scan. */
const MAX_IMAGES = 8_000_000

/** Four numbers for each image. */
function placesOf(list: ImageList): ImagePlace[] {
  return Array.from({ length: list.length / 4 }, (_, i) => {
    const [place, offset, length, file] = list.subarray(i * 4, i * 4 + 4) as unknown as [number, number, number, number]
    return { place, offset, length, file }
  })
}

/** A record may lack a place, or have a broken one: what it holds goes all the same, unless it is needed. */
function placeOf(index: MiraxIndex, number: number): PlacedRecord['place'] {
  try {
    return index.record(number)
  } catch {
    return null
  }
}

export async function closeMirax({ data }: Pick<MiraxDraft, 'data'>): Promise<void> {
  await Promise.all(data.map(source => source.close()))
}
