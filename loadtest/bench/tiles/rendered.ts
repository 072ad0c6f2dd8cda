/** Tiles that no file has: of an NDPI original, whose stripes OpenSlide decodes for all of them. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { migrations } from '../../../services/tiles/migrations/index.ts'
import { saveRendition, type Tables } from '../../../services/tiles/store.ts'
import { NOTHING_KEPT, startOurs } from './ours.ts'
import { startPeer } from './peers.ts'
import type { Served } from './served.ts'
import type { BenchSlide } from './slide.ts'

export const ORIGINAL_SIZE = { width: 8192, height: 6144 }
/** That of our rendered pictures. */
const QUALITY = 80
const TILE_SIZE = 256

/** @returns tiles that keeps none of what it renders, tiles as it is, and the peers that read NDPI; large_image keeps tiles */
export async function startRendered(slide: BenchSlide): Promise<Served[]> {
  const path = await makeOriginal(slide)
  const file = { path, quality: QUALITY }
  const original = { ...slide, size: ORIGINAL_SIZE }
  return [
    await startOurs(original, 'tiles, each rendered', { rendition: '1-original', settings: NOTHING_KEPT }),
    await startOurs(original, 'tiles, kept in memory', { rendition: '1-original' }),
    await startPeer(original, 'large_image', 'large_image()', file),
    await startPeer(original, 'OpenSlide DeepZoom', 'deepzoom()', file),
    await startPeer(original, "OpenSlide DeepZoom, its example's defaults", 'deepzoom_example()', file),
  ]
}

async function makeOriginal({ id, folder, service }: BenchSlide): Promise<string> {
  const made = join(folder, 'made.ndpi')
  await writeSyntheticSlide(made, { ...ORIGINAL_SIZE, format: 'hamamatsu', seed: 13 })
  const bytes = await readFile(made)
  const key = `${id}/1/original.ndpi`
  const store = await openObjects(`file:${join(service.data, 'original')}`)
  await store.put(key, bytes)
  const opened = await openDatabase(service.database)
  const db = await opened.open<Tables>('tiles', migrations)
  const file = { key, moreKeys: [], bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  const picture = { ...ORIGINAL_SIZE, tileSize: TILE_SIZE, geometry: Geometry.fromPartial(ORIGINAL_SIZE) }
  const of = { slideId: id, project: 'default', revision: 1, kind: 'original', format: 'hamamatsu' } as const
  await saveRendition(db, { ...of, ...file, ...picture }, undefined)
  await Promise.all([opened.close(), store.close()])
  return made
}
