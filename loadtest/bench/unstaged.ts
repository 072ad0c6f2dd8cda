/**
 * The first view of a slide of 2 GB that lies in an object store 20 ms away and nowhere else: from the Deep Zoom
 * description to the last tile of the fitting view, then a pan at full size, while the slide is being staged.
 *
 *   node loadtest/bench/unstaged.ts [ROUNDS]
 *
 * Needs versitygw (on PATH or in ../shared/tools). The pyramid is sparse: a whole index of 317,000 tiles over few.
 */

import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import { emptyDatabase } from '@coverslip/platform/testing/database.ts'
import { startS3 } from '@coverslip/platform/testing/servers.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { costsView } from '@coverslip/proto/api/costs.ts'
import { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { openFile } from '@coverslip/wsi/byte-source.ts'
import { convert } from '@coverslip/wsi/convert/index.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { sparsePyramid } from '@coverslip/wsi/synthetic/sparse-pyramid.ts'
import { readTiff } from '@coverslip/wsi/tiff/index.ts'
import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { migrations } from '../../services/tiles/migrations/index.ts'
import { tiles } from '../../services/tiles/module.ts'
import { saveRendition, type Tables } from '../../services/tiles/store.ts'
import { startLatencyProxy } from './latency-proxy.ts'

const SIZE = { width: 125_000, height: 125_000 }
const BYTES = 2e9
const LATENCY_MS = 20
/** Tiles of a viewport of 1280 x 1024 pixels, as a browser asks for them: six at a time. */
const [ACROSS, DOWN, AT_ONCE] = [6, 5, 6]
const rounds = Number(process.argv[2] ?? 5)

/** The stored bytes of one tile of tissue. */
async function someTile(folder: string): Promise<Buffer> {
  const [slide, pyramid] = [join(folder, 'slide.svs'), join(folder, 'pyramid.tiff')]
  await writeSyntheticSlide(slide, { width: 1024, height: 1024, seed: 3 })
  await convert(slide, pyramid)
  const source = await openFile(pyramid)
  const [page] = (await readTiff(source)).ifds
  const [offsets, lengths] = [await page!.numbers(Tag.TileOffsets), await page!.numbers(Tag.TileByteCounts)]
  const tile = await source.read(offsets![5]!, lengths![5]!)
  await source.close()
  return tile
}

async function writePyramid(folder: string): Promise<{ path: string; size: number; sha256: string }> {
  const pyramid = sparsePyramid({ ...SIZE, bytes: BYTES, tile: await someTile(folder) })
  const path = join(folder, 'large.tiff')
  const file = await open(path, 'w')
  await file.truncate(pyramid.size)
  for (const { offset, bytes } of pyramid.pieces) await file.write(bytes, 0, bytes.length, offset)
  await file.close()
  return { path, size: pyramid.size, sha256: await fileSha256(path) }
}

const SLIDE = randomUUID()
const KEY = `${SLIDE}/1/pyramid.tiff`

/** Tells the service of the pyramid as its event would. */
async function saveSlide(data: string, file: { size: number; sha256: string }): Promise<void> {
  const database = await openDatabase(await emptyDatabase(join(data, 'db')))
  const db = await database.open<Tables>('tiles', migrations)
  const facts = { project: 'default', revision: 1, kind: 'pyramid', format: 'generic-tiff', moreKeys: [] } as const
  const geometry = Geometry.fromPartial(SIZE)
  const { size: bytes, sha256 } = file
  await saveRendition(
    db,
    { slideId: SLIDE, key: KEY, ...facts, ...SIZE, bytes, sha256, tileSize: 256, geometry },
    undefined,
  )
  await database.close()
}

/** Asks for paths as a browser does; throws for anything but 200. @returns milliseconds until the last had come */
async function fetchAll(system: TestSystem, token: string, paths: string[]): Promise<number> {
  const begun = performance.now()
  const left = [...paths]
  const one = async (): Promise<void> => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) {
      const answer = await system.fetch(path, { token })
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`)
      await answer.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  return performance.now() - begun
}

const tilesOf = (level: number, x: number, y: number): string[] =>
  Array.from(
    { length: ACROSS * DOWN },
    (_, i) => `/tiles/${SLIDE}/1_files/${level}/${x + (i % ACROSS)}_${y + Math.floor(i / ACROSS)}.jpeg`,
  )

async function readsSoFar(system: TestSystem, token: string): Promise<number> {
  const answer = await system.fetch('/api/costs', { token })
  return costsView.parse(await answer.json()).usage.tiles.requests
}

interface Measured {
  firstView: number
  pan: number
  /** Reads of the store: for the index and the tiles of the first view, and for the pan. */
  reads: [number, number]
}

/** One process that has seen nothing yet. */
async function measure(data: string, pyramids: string): Promise<Measured> {
  const environment = {
    OBJECTS_PYRAMID_URL: pyramids,
    OBJECTS_STAGE_URL: `file:${join(data, 'nas')}`,
    STAGE_COPIES: process.env.T3_COPIES ?? '1',
  }
  const system = await startSystem([tiles], { data, environment })
  try {
    const token = await system.token()
    const before = await readsSoFar(system, token)
    // Level 11 of Deep Zoom, 2048 pixels wide, is the first that fills the screen.
    const firstView =
      (await fetchAll(system, token, [`/tiles/${SLIDE}/1.dzi`])) + (await fetchAll(system, token, tilesOf(11, 1, 1)))
    const viewed = await readsSoFar(system, token)
    const pan = await fetchAll(system, token, tilesOf(17, 200, 200))
    return { firstView, pan, reads: [viewed - before, (await readsSoFar(system, token)) - viewed] }
  } finally {
    await system.stop()
  }
}

function report(measured: Measured[]): string {
  const milliseconds = (of: (one: Measured) => number): string => {
    const sorted = measured.map(of).sort((a, b) => a - b)
    return `${sorted[Math.floor(sorted.length / 2)]!.toFixed(0)} (${sorted[0]!.toFixed(0)} to ${sorted.at(-1)!.toFixed(0)})`
  }
  const reads = (of: 0 | 1): string => [...new Set(measured.map(one => one.reads[of]))].join(', ')
  return [
    `| ${ACROSS * DOWN} tiles of a 2 GB slide, store ${LATENCY_MS} ms away | ms, median of ${measured.length} | reads of the store |`,
    '| --- | ---: | ---: |',
    `| first full view, index included | ${milliseconds(one => one.firstView)} | ${reads(0)} |`,
    `| a pan at full size | ${milliseconds(one => one.pan)} | ${reads(1)} |`,
    '',
  ].join('\n')
}

const folder = await mkdtemp(join(tmpdir(), 'coverslip-unstaged-'))
const s3 = await startS3()
if ('missing' in s3) throw new Error(s3.missing)
const near = new URL(s3.server.url)
const { port } = new URL(near.searchParams.get('endpoint')!)
const proxy = await startLatencyProxy(Number(port), LATENCY_MS)
try {
  const [data, file] = [join(folder, 'data'), await writePyramid(folder)]
  await mkdir(data)
  await saveSlide(data, file)
  const store = await openObjects(s3.server.url)
  await store.putFile(KEY, file.path)
  await store.close()
  const far = s3.server.url.replace(`:${port}`, `:${proxy.port}`)
  const measured: Measured[] = []
  for (let round = 0; round < rounds; round += 1) {
    // Nobody has looked at the slide before.
    const fresh = join(folder, `round-${round}`)
    await cp(data, fresh, { recursive: true })
    measured.push(await measure(fresh, far))
  }
  process.stdout.write(report(measured))
} finally {
  await proxy.close()
  await s3.server.stop()
  await rm(folder, { recursive: true, force: true })
}
