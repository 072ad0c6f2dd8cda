/** A slide that tiles serves from the start: a made pyramid in the store of a data folder, its row in the database. */

import { createHash, randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { convert } from '@coverslip/wsi/convert/index.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { migrations } from '../migrations/index.ts'
import { type ServedRendition, saveRendition, type Tables } from '../store.ts'

export interface MadeSlide {
  slideId: string
  width: number
  height: number
}

interface SlidesToMake {
  width: number
  height: number
  count?: number
  database?: string
  file?: string | undefined
}

/**
 * Makes the slides' files and rows in a data folder that no process has open; all show the same picture.
 * @param wanted.database instead of the embedded one of the folder
 * @param wanted.file a slide of that size, instead of a made one
 */
export async function makeServedSlides(
  data: string,
  { width, height, count = 1, database, file }: SlidesToMake,
): Promise<MadeSlide[]> {
  const [svs, tiff] = [join(data, 'made.svs'), join(data, 'made.tiff')]
  if (!file) await writeSyntheticSlide(svs, { width, height, seed: 11 })
  await convert(file ?? svs, tiff)
  const bytes = await readFile(tiff)
  const store = await openObjects(`file:${join(data, 'pyramid')}`)
  const opened = await openDatabase(database ?? `pglite:${join(data, 'db')}`)
  const db = await opened.open<Tables>('tiles', migrations)
  const made: MadeSlide[] = []
  for (let i = 0; i < count; i += 1) {
    const slideId = randomUUID()
    const key = `${slideId}/1/pyramid.tiff`
    await store.put(key, bytes)
    await saveRendition(db, renditionOf({ slideId, width, height }, key, bytes), undefined)
    made.push({ slideId, width, height })
  }
  await Promise.all([opened.close(), store.close(), rm(svs, { force: true }), rm(tiff)])
  return made
}

function renditionOf({ slideId, width, height }: MadeSlide, key: string, bytes: Buffer): Omit<ServedRendition, 'name'> {
  return {
    slideId,
    project: 'default',
    revision: 1,
    kind: 'pyramid',
    format: 'generic-tiff',
    key,
    moreKeys: [],
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    width,
    height,
    tileSize: 256,
    geometry: Geometry.fromPartial({ width, height, mpp: { x: 0.5, y: 0.5 }, objectivePower: 20 }),
  }
}
