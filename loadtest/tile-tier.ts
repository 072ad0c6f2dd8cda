/**
 * The tile tier alone on real servers: NATS, Redis, PostgreSQL, an S3 server or files, and one tiles process that serves
 * pyramids it was told of. Slides are many, pyramids few: each slide has an object of its own, of the same bytes.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newSigningKey } from '@coverslip/platform/auth/token.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { TestServer } from '@coverslip/platform/testing/process.ts'
import { startNats, startPostgres, startRedis, startS3 } from '@coverslip/platform/testing/servers.ts'
import { mintToken } from '@coverslip/platform/testing/tokens.ts'
import { convert } from '@coverslip/wsi/convert/index.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import pg from 'pg'
import { startNode } from '../services/e2e/node-process.ts'

export interface TileTier {
  url: string
  /** Of a viewer of every project. */
  token: string
  /** Ids of the slides that are served, all of one size. */
  slides: string[]
  size: { width: number; height: number; tileSize: number }
  process: TestServer
  servers: { redis: TestServer; nats: TestServer; postgres: TestServer; s3?: TestServer }
  /** The folder of the stage. */
  stage: string
  stop(): Promise<void>
}

export interface TileTierOptions {
  slides: number
  width: number
  height: number
  /** `files`: one hard link per slide; `s3`: one object per slide. */
  store: 'files' | 's3'
  settings?: Record<string, string>
}

const TILE_SIZE = 256

/** @throws Error with the server's words when one does not start, or when there is no S3 server */
export async function startTileTier(options: TileTierOptions): Promise<TileTier> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-tier-'))
  const [redis, nats, postgres] = await Promise.all([startRedis(), startNats(), startPostgres()])
  const s3 = options.store === 's3' ? await startS3() : undefined
  if (s3 && 'missing' in s3) throw new Error(s3.missing)
  const store = s3 ? s3.server.url.replace('@bucket?', '@coverslip-pyramid?') : `file:${join(folder, 'pyramid')}`
  const stage = join(folder, 'stage')
  const signing = join(folder, 'signing.pem')
  await writeFile(signing, newSigningKey(), { mode: 0o600 })
  const slides = Array.from({ length: options.slides }, () => randomUUID())
  const pyramid = await makePyramid(folder, options)
  await storeCopies(store, join(folder, 'pyramid'), pyramid.path, slides)
  const process = await startNode('tiles', 'services/tiles/main.ts', () => ({
    COVERSLIP_DATA: join(folder, 'data'),
    DATABASE_URL: postgres.url,
    BUS_URL: nats.url,
    CACHE_URL: redis.url,
    OBJECTS_PYRAMID_URL: store,
    OBJECTS_ORIGINAL_URL: 'none:',
    OBJECTS_STAGE_URL: s3 ? `file:${stage}` : 'none:',
    SIGNING_KEY_FILE: signing,
    SERVICE_SECRET: randomBytes(32).toString('base64url'),
    METRICS_PORT: '0',
    RPC_PORT: '0',
    LOG_FILE: join(folder, 'tiles.jsonl'),
    ...options.settings,
  }))
  await announce(postgres.url, slides, { ...options, bytes: pyramid.bytes, sha256: pyramid.sha256 })
  return {
    url: process.url,
    token: await mintToken(signing, { roles: { '*': 'viewer' }, lifeSeconds: 7200 }),
    slides,
    size: { width: options.width, height: options.height, tileSize: TILE_SIZE },
    process,
    servers: { redis, nats, postgres, ...(s3 && { s3: s3.server }) },
    stage,
    async stop() {
      await process.stop()
      await Promise.all([redis, nats, postgres, ...(s3 ? [s3.server] : [])].map(server => server.stop()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function makePyramid(
  folder: string,
  { width, height }: TileTierOptions,
): Promise<{ path: string; bytes: number; sha256: string }> {
  const slide = join(folder, 'slide.svs')
  const path = join(folder, 'pyramid.tif')
  await writeSyntheticSlide(slide, { width, height, seed: 7 })
  await convert(slide, path, { tileSize: TILE_SIZE })
  await rm(slide)
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  return { path, bytes: (await stat(path)).size, sha256 }
}

const keyOf = (slideId: string): string => `${slideId}/1/pyramid.tif`

async function storeCopies(store: string, root: string, pyramid: string, slides: string[]): Promise<void> {
  if (store.startsWith('file:')) {
    for (const id of slides) {
      await mkdir(join(root, id, '1'), { recursive: true })
      await link(pyramid, join(root, keyOf(id)))
    }
    return
  }
  const objects = await openObjects(store)
  const bytes = await readFile(pyramid)
  for (const id of slides) await objects.put(keyOf(id), bytes)
  await objects.close()
}

/** What `slides.tiled` would have left in the tables, for all slides in two statements. */
async function announce(
  database: string,
  slides: string[],
  { width, height, bytes, sha256 }: TileTierOptions & { bytes: number; sha256: string },
): Promise<void> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  await client.query(
    `insert into tiles.slides (slide_id, project, deleted) select id, 'default', false from unnest($1::text[]) as id`,
    [slides],
  )
  const geometry = JSON.stringify({ width, height, mpp: { x: 0.5, y: 0.5 } })
  await client.query(
    `insert into tiles.renditions (slide_id, name, revision, kind, format, object_key, more_keys, bytes, sha256,
       width, height, tile_size, geometry)
     select id, '1', 1, 'pyramid', 'generic-tiff', id || '/1/pyramid.tif', '[]', $2, $3, $4, $5, $6, $7
     from unnest($1::text[]) as id`,
    [slides, bytes, sha256, width, height, TILE_SIZE, geometry],
  )
  await client.end()
}

/** Addresses of all tiles of a slide's levels that fill more than one tile. */
export function tilePaths(id: string, { width, height, tileSize }: TileTier['size']): string[] {
  const top = Math.ceil(Math.log2(Math.max(width, height)))
  const levels = Math.ceil(Math.log2(Math.max(width, height) / tileSize))
  return Array.from({ length: levels }, (_, down) => {
    const [columns, rows] = [width, height].map(side => Math.ceil(Math.ceil(side / 2 ** down) / tileSize)) as [
      number,
      number,
    ]
    return Array.from(
      { length: columns * rows },
      (_, i) => `/tiles/${id}/1_files/${top - down}/${i % columns}_${Math.floor(i / columns)}.jpeg`,
    )
  }).flat()
}
