/**
 * Tiles beside nginx serving the same bytes as files: the limit. All on loopback, the same random order of tiles, turn by
 * turn, so that a noisy machine is noisy for all; the ratios count, those of processor time most. Three ways: from
 * memory, from the page cache (nothing is kept in memory), and from memory by two processes.
 *
 *   node loadtest/bench/tiles.ts [ROUNDS] [SECONDS] [WIDTH]
 *
 * Needs wrk, nginx and PostgreSQL (Debian packages).
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startPostgres } from '@coverslip/platform/testing/servers.ts'
import { mintToken } from '@coverslip/platform/testing/tokens.ts'
import { makeServedSlides } from '../../services/tiles/testing/served-slide.ts'
import { type Load, load, memory, scriptOf, type Target } from './tiles/load.ts'
import { startNginx, startTiles } from './tiles/servers.ts'

const CONNECTIONS = 16
const WARM_REQUESTS = 50_000
const WARM_SECONDS = 20
const [rounds, seconds, width] = [5, 5, 12_000].map((usual, i) => Number(process.argv[i + 2] ?? usual)) as [
  number,
  number,
  number,
]
const size = { width, height: Math.round(width * 0.75) }

/** Every tile of the levels that fill more than one tile. */
function tilePaths(id: string): string[] {
  const top = Math.ceil(Math.log2(size.width))
  return [0, 1, 2, 3, 4].flatMap(down => {
    const [columns, rows] = [size.width, size.height].map(side => Math.ceil(Math.ceil(side / 2 ** down) / 256)) as [
      number,
      number,
    ]
    const places = Array.from({ length: columns * rows }, (_, i) => `${i % columns}_${Math.floor(i / columns)}`)
    return places.map(place => `/tiles/${id}/1_files/${top - down}/${place}.jpeg`)
  })
}

/** What nginx serves: the very bytes that tiles answers. */
async function writeFiles(folder: string, url: string, token: string, paths: string[]): Promise<void> {
  for (const path of paths) {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
    const file = join(folder, 'files', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, Buffer.from(await answer.arrayBuffer()))
  }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!

async function compare(targets: Map<string, Target>, script: string): Promise<void> {
  const results = new Map<string, Load[]>([...targets.keys()].map(name => [name, []]))
  for (const target of targets.values()) await warm(target, script)
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, target] of targets) results.get(name)!.push(await load(target, script, options))
  }
  const limit = results.get('nginx, one worker')!
  process.stdout.write('| server | requests/s | p50 ms | p99 ms | CPU us | of nginx | by CPU | MiB | errors |\n')
  process.stdout.write('| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n')
  for (const [name, loads] of results) {
    const of = (what: keyof Load): number => median(loads.map(one => one[what]))
    const ratio = median(loads.map((one, i) => one.requestsPerSecond / limit[i]!.requestsPerSecond))
    const byCpu = median(loads.map((one, i) => limit[i]!.cpu / one.cpu))
    const mebibytes = await memory(targets.get(name)!.pid)
    const cells = [of('requestsPerSecond').toFixed(0), of('p50').toFixed(2), of('p99').toFixed(2), of('cpu').toFixed(1)]
    cells.push(ratio.toFixed(2), byCpu.toFixed(2), mebibytes.toFixed(0), String(of('errors')))
    process.stdout.write(`| ${name} | ${cells.join(' | ')} |\n`)
  }
  await below(targets.get(MEMORY)!, script, median(results.get(MEMORY)!.map(one => one.requestsPerSecond)))
}

/** Code is compiled while it runs, and each process has a memory to fill: so many requests, or so long. */
async function warm(target: Target, script: string): Promise<void> {
  let requests = 0
  for (let spent = 0; requests < WARM_REQUESTS && spent < WARM_SECONDS; spent += seconds) {
    requests += (await load(target, script, options)).requestsPerSecond * seconds
  }
}

/** The slowest hundredth at four fifths of the peak: connections that pause a millisecond after each answer. */
async function below(target: Target, script: string, peak: number): Promise<void> {
  const connections = Math.max(4, Math.round((0.8 * peak * 1.1) / 1000))
  const found = await load(target, script, { connections, seconds, delay: 1 })
  const share = Math.round((100 * found.requestsPerSecond) / peak)
  process.stdout.write(`\nat ${share} % of the peak (${connections} connections): p99 ${found.p99.toFixed(2)} ms\n`)
}

const options = { connections: CONNECTIONS, seconds }
const MEMORY = 'tiles, one process, memory'
const folder = await mkdtemp(join(tmpdir(), 'coverslip-bench-'))
const data = join(folder, 'data')
await mkdir(data)
const postgres = await startPostgres()
const database = postgres.url
const stops = [() => postgres.stop()]
try {
  const [slide] = await makeServedSlides(data, { ...size, database })
  const paths = tilePaths(slide!.slideId)
  const memoryOne = await startTiles(MEMORY, { data, database })
  stops.unshift(() => memoryOne.stop())
  const token = await mintToken(join(data, 'keys/signing.pem'))
  await writeFiles(folder, memoryOne.url, token, paths)
  const pages = await startTiles('pages', { data, database, settings: { TILES_MEMORY: '1k' } })
  stops.unshift(() => pages.stop())
  const two = await startTiles('two', { data, database, settings: { TILES_WORKERS: '2' } })
  stops.unshift(() => two.stop())
  const nginx = await startNginx(folder)
  stops.unshift(() => nginx.stop())
  const script = join(folder, 'tiles.lua')
  await writeFile(script, scriptOf(paths, token))
  const target = ({ url, pid }: { url: string; pid(): number }): Target => ({ url, pid: pid() })
  process.stdout.write(`${paths.length} tiles, ${CONNECTIONS} connections, median of ${rounds} of ${seconds} s\n\n`)
  const targets = [
    [MEMORY, target(memoryOne)],
    ['nginx, one worker', target(nginx)],
    ['tiles, one process, page cache', target(pages)],
    ['tiles, two processes, memory', target(two)],
  ] as const
  await compare(new Map(targets), script)
} finally {
  for (const stop of stops) await stop()
  await rm(folder, { recursive: true, force: true })
}
