/**
 * Tiles beside nginx serving the same bytes as files, which is the limit, and beside the peers on the same pyramid: iipsrv,
 * OpenSlide's DeepZoom and large_image. All on loopback, the same random order of tiles over the whole pyramid. Ours: from
 * memory, from the page cache (nothing is kept in memory), and from memory by two processes.
 *
 *   node loadtest/bench/tiles.ts [ROUNDS] [SECONDS] [WIDTH] [HEIGHT]
 *
 * Needs wrk, nginx, iipimage-server and PostgreSQL (Debian packages), and loadtest/peers/requirements.txt.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { mintToken } from '@coverslip/platform/testing/tokens.ts'
import { type Library, startLibrary } from '../peers/gunicorn.ts'
import { iipsrvTile, startIipsrv } from '../peers/iipsrv.ts'
import { startFiles } from '../peers/nginx.ts'
import { CONNECTIONS, readArguments } from './tiles/arguments.ts'
import { belowPeak, compare, median, tableOf } from './tiles/compare.ts'
import type { Target } from './tiles/load.ts'
import { assertSamePicture } from './tiles/same-picture.ts'
import { randomOrder } from './tiles/scripts.ts'
import { startTiles } from './tiles/servers.ts'
import { type BenchSlide, type Place, placesOf, topLevel, withSlide } from './tiles/slide.ts'

/** A fetched file each; so many at once. */
const FETCHES = 8
const WARM = { requests: 50_000, seconds: 20 }
/** Of pyramids. */
const QUALITY = 50
/** What a process of ours keeps in memory, for iipsrv as well. */
const CACHE_MEBIBYTES = 256

const { rounds, seconds, size } = readArguments()

/** A server with its own address of each place. */
interface Served {
  name: string
  url: string
  pids: number[]
  token?: string
  pathOf(place: Place): string
}

const started = (
  name: string,
  server: { url: string; pid(): number },
  rest: Pick<Served, 'pathOf' | 'token'>,
): Served => ({
  name,
  url: server.url,
  pids: [server.pid()],
  ...rest,
})

/** What nginx serves: the very bytes that tiles answers. */
async function writeFiles(folder: string, { url, token, pathOf }: Served, places: Place[]): Promise<void> {
  const left = places.map(pathOf)
  const writeNext = async (): Promise<void> => {
    for (let path = left.pop(); path; path = left.pop()) {
      const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), Buffer.from(await answer.arrayBuffer()))
    }
  }
  await Promise.all(Array.from({ length: FETCHES }, writeNext))
}

/** @returns tiles from memory, nginx, tiles from the page cache, tiles by two processes */
async function startOurs({ id, service, folder, stops }: BenchSlide, places: Place[]): Promise<Served[]> {
  const top = topLevel(size)
  const pathOf = ({ down, x, y }: Place): string => `/tiles/${id}/1_files/${top - down}/${x}_${y}.jpeg`
  const start = async (name: string, settings: Record<string, string>): Promise<Served> => {
    const server = await startTiles(name, { ...service, settings })
    stops.push(() => server.stop())
    return started(name, server, { pathOf, token: await mintToken(join(service.data, 'keys/signing.pem')) })
  }
  const memory = await start('tiles, memory', { TILES_MEMORY: `${CACHE_MEBIBYTES}m` })
  const pages = await start('tiles, page cache', { TILES_MEMORY: '1k' })
  const two = await start('tiles, memory, two processes', { TILES_WORKERS: '2' })
  const files = join(folder, 'files')
  await writeFiles(files, memory, places)
  const nginx = await startFiles(files)
  stops.push(() => nginx.stop())
  return [memory, started('nginx', nginx, { pathOf }), pages, two]
}

async function startPeers({ path, folder, stops }: BenchSlide): Promise<Served[]> {
  const slide = { path, quality: QUALITY }
  const top = topLevel(size)
  const iipsrv = await startIipsrv(folder, slide, CACHE_MEBIBYTES)
  stops.push(() => iipsrv.stop())
  const library = async (name: string, which: Library): Promise<Served> => {
    const server = await startLibrary(which, slide)
    stops.push(() => server.stop())
    return started(name, server, { pathOf: ({ down, x, y }) => `/${down}/${x}_${y}.jpeg` })
  }
  return [
    { ...iipsrv, name: 'iipsrv', pids: iipsrv.pids(), pathOf: ({ down, x, y }) => iipsrvTile(path, top - down, x, y) },
    await library('large_image', 'large_image()'),
    await library('large_image, colours left', 'large_image(False)'),
    await library('OpenSlide DeepZoom', 'deepzoom()'),
  ]
}

function targetOf({ name, url, pids, token, pathOf }: Served, places: Place[]): Target {
  const script = randomOrder(places.map(pathOf), token)
  return { name, url, pids, script: () => script }
}

await withSlide(size, async slide => {
  const places = placesOf(size)
  const all = [...(await startOurs(slide, places)), ...(await startPeers(slide))]
  for (const down of [0, 1]) {
    const place = { down, x: Math.floor(size.width / 1024 / 2 ** down), y: Math.floor(size.height / 1024 / 2 ** down) }
    await assertSamePicture(
      all.map(({ name, url, token, pathOf }) => ({ name, url: url + pathOf(place), ...(token && { token }) })),
    )
  }
  const targets = all.map(served => targetOf(served, places))
  process.stdout.write(`${places.length} tiles, ${CONNECTIONS} connections, median of ${rounds} of ${seconds} s\n\n`)
  const results = await compare(targets, { rounds, seconds, connections: CONNECTIONS, warm: WARM })
  const [memory, nginx] = targets as [Target, Target]
  process.stdout.write(`${await tableOf(results, [nginx, memory])}\n`)
  const peak = median(results.get(memory)!.map(one => one.requestsPerSecond))
  process.stdout.write(await belowPeak(memory, peak, seconds))
})
