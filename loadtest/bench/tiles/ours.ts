/** The tiles service in several shapes, and nginx and Node's own server with the very bytes that it answers. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { mintToken } from '@coverslip/platform/testing/tokens.ts'
import { startBareNode } from '../../peers/bare-node.ts'
import { startFiles } from '../../peers/nginx.ts'
import { type Served, served } from './served.ts'
import { startTiles } from './servers.ts'
import { type BenchSlide, type Place, topLevel } from './slide.ts'

/** A fetched file each; so many at once. */
const FETCHES = 8

/** Nothing is kept: each tile is read, or rendered, anew. */
export const NOTHING_KEPT = { TILES_MEMORY: '1k' }

/** @param rendition of the slide, as addresses name it */
export async function startOurs(
  slide: BenchSlide,
  name: string,
  { rendition = '1', settings = {} }: { rendition?: string; settings?: Record<string, string> },
): Promise<Served> {
  const { id, service, size } = slide
  const top = topLevel(size)
  const server = await startTiles(name, { ...service, settings })
  return served(slide, name, server, {
    pathOf: ({ down, x, y }) => `/tiles/${id}/${rendition}_files/${top - down}/${x}_${y}.jpeg`,
    token: await mintToken(join(service.data, 'keys/signing.pem')),
  })
}

/** @returns tiles from memory, nginx, tiles from the page cache; then tiles and nginx by two processes each; then Node alone */
export async function startStored(slide: BenchSlide, places: Place[]): Promise<Served[]> {
  const memory = await startOurs(slide, 'tiles, memory', {})
  const pages = await startOurs(slide, 'tiles, page cache', { settings: NOTHING_KEPT })
  const two = await startOurs(slide, 'tiles, memory, two processes', { settings: { TILES_WORKERS: '2' } })
  const files = join(slide.folder, 'files')
  await writeFiles(files, memory, places)
  const { pathOf } = memory
  const nginx = served(slide, 'nginx', await startFiles(files), { pathOf })
  const twice = served(slide, 'nginx, two processes', await startFiles(files, 2), { pathOf })
  const bare = served(slide, 'node:http, ready answers', await startBareNode(files), { pathOf })
  return [memory, nginx, pages, two, twice, bare]
}

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
