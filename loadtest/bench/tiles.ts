/**
 * Tiles beside nginx serving the same bytes as files, which is the limit, Node's own HTTP server with ready answers, and the
 * peers on the same slides: iipsrv, OpenSlide's DeepZoom and large_image. All on loopback, the same random order of tiles
 * over the whole slide.
 *
 *   node loadtest/bench/tiles.ts [ROUNDS] [SECONDS] [WIDTH] [HEIGHT] [PART …] [--slide FILE]
 *
 * Parts: `cold`, the first look at places that are not in the machine's memory; `stored`, tiles of a pyramid, from memory
 * and from the page cache, by one process and by two; `rendered`, tiles of an NDPI original. Without a name, all of them.
 *
 * Needs wrk, nginx, iipimage-server and PostgreSQL (Debian packages), and loadtest/peers/requirements.txt. The slide of the
 * figures in README.md, of 22,200 x 23,736 px, made of a real one:
 *
 *   vips openslideload CMU-1-Small-Region.svs all.v && vips extract_band all.v rgb.v 0 --n 3
 *   vips replicate rgb.v mosaic.tif[tile,tile-width=256,tile-height=256,compression=jpeg,Q=90] 10 8
 */
import { CONNECTIONS, readArguments } from './tiles/arguments.ts'
import { coldTable } from './tiles/cold.ts'
import { belowPeak, compare, median, tableOf } from './tiles/compare.ts'
import type { Load, Target } from './tiles/load.ts'
import { startStored } from './tiles/ours.ts'
import { startPeers } from './tiles/peers.ts'
import { ORIGINAL_SIZE, startRendered } from './tiles/rendered.ts'
import { assertAllAlike, type Served, targetOf } from './tiles/served.ts'
import { type BenchSlide, placesOf, withSlide } from './tiles/slide.ts'

const WARM = { requests: 50_000, seconds: 10 }
/** Of pyramids. */
const QUALITY = 50

/** They have nothing to be cold. */
const IN_MEMORY = ['tiles, memory', 'node:http, ready answers']

const { rounds, seconds, size, file, parts } = await readArguments(['cold', 'stored', 'rendered'])
const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** The loads of all, in turn. */
async function compareAll(all: Served[], of: BenchSlide['size']): Promise<Map<Target, Load[]>> {
  await assertAllAlike(all, of)
  const places = placesOf(of)
  print(`${places.length} tiles, ${CONNECTIONS} connections, median of ${rounds} of ${seconds} s\n`)
  const targets = all.map(one => targetOf(one, places))
  return compare(targets, { rounds, seconds, connections: CONNECTIONS, warm: WARM })
}

async function stored(all: Served[]): Promise<void> {
  const results = await compareAll(all, size)
  const [memory, nginx, , , twice] = [...results.keys()] as [Target, Target, Target, Target, Target]
  const ofTwo = ({ name }: Target): boolean => name.endsWith('two processes')
  print(await tableOf(new Map([...results].filter(([one]) => !ofTwo(one))), [nginx, memory]))
  print(await tableOf(new Map([...results].filter(([one]) => ofTwo(one))), [twice]))
  const peak = median(results.get(memory)!.map(one => one.requestsPerSecond))
  print(await belowPeak(memory, peak, seconds))
}

async function rendered(all: Served[]): Promise<void> {
  const results = await compareAll(all, ORIGINAL_SIZE)
  print(await tableOf(results, [[...results.keys()][0]!]))
}

await withSlide({ size, file }, async slide => {
  if (parts.includes('rendered')) await rendered(await startRendered(slide))
  if (!parts.includes('cold') && !parts.includes('stored')) return
  const ours = await startStored(slide, placesOf(size))
  const all = [...ours, ...(await startPeers(slide, QUALITY))]
  const single = all.filter(({ name }) => !name.endsWith('two processes') && !IN_MEMORY.includes(name))
  if (parts.includes('cold')) print(await coldTable(single, placesOf(size), { slide, rounds }))
  if (parts.includes('stored')) await stored(all)
})
