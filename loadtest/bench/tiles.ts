/**
 * Warm tiles of one tiles process beside nginx serving the same bytes as files: the limit. Both on loopback, the same
 * random order of tiles, turn by turn, so that a noisy machine is noisy for both.
 *
 *   node loadtest/bench/tiles.ts [ROUNDS] [SECONDS]
 *
 * Needs wrk and nginx (Debian packages).
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { requireProgram, startServer } from '@coverslip/platform/testing/process.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { clientOf } from '../../services/e2e/client.ts'
import { startNode } from '../../services/e2e/node-process.ts'
import { startSingle } from '../../services/e2e/single.ts'

const run = promisify(execFile)
const SIZE = { width: 12_000, height: 9_000 }
const CONNECTIONS = 16
const [rounds, seconds] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 5)]

interface Load {
  requestsPerSecond: number
  p50: number
  p99: number
  errors: number
}

/** wrk's own report, read. */
function parseLoad(output: string): Load {
  const time = (label: string): number => {
    const [, value, unit] = new RegExp(`${label}\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? []
    return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's']
  }
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? '0'
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)![1]),
    p50: time('50%'),
    p99: time('99%'),
    errors: Number(failed),
  }
}

async function load(url: string, script: string): Promise<Load> {
  const args = ['-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, '--latency', '-s', script, url]
  return parseLoad((await run(requireProgram('wrk', 'wrk'), args)).stdout)
}

/** A wrk script that asks for the paths in a random order that is the same every time. */
function luaOf(paths: string[], token: string): string {
  return `local paths = {${paths.map(path => `"${path}"`).join(',')}}
math.randomseed(7)
request = function() return wrk.format("GET", paths[math.random(#paths)], {["Authorization"] = "Bearer ${token}"}) end
`
}

/** Every tile of the levels that fill more than one tile. */
function tilePaths(id: string): string[] {
  const top = Math.ceil(Math.log2(SIZE.width))
  return [0, 1, 2, 3, 4].flatMap(down => {
    const [columns, rows] = [SIZE.width, SIZE.height].map(side => Math.ceil(Math.ceil(side / 2 ** down) / 256)) as [
      number,
      number,
    ]
    return Array.from(
      { length: columns * rows },
      (_, i) => `/tiles/${id}_files/${top - down}/${i % columns}_${Math.floor(i / columns)}.jpeg`,
    )
  })
}

async function ingest(folder: string): Promise<{ data: string; id: string; token: string; stop(): Promise<void> }> {
  const slide = join(folder, 'slide.svs')
  await writeSyntheticSlide(slide, { ...SIZE, seed: 1 })
  const shape = await startSingle()
  const { readFile } = await import('node:fs/promises')
  const client = clientOf(shape)
  const id = await client.upload([{ name: 'slide.svs', bytes: await readFile(slide) }])
  const settled = await client.settled(id)
  if (settled.state !== 'ready') throw new Error(`the slide is ${settled.state}`)
  for (const path of tilePaths(id)) {
    const bytes = Buffer.from(await (await client.get(path)).arrayBuffer())
    const file = join(folder, 'files', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
  await shape.kill('all')
  return { data: shape.folders.data, id, token: shape.token, stop: () => shape.stop() }
}

function startNginx(folder: string) {
  const config = join(folder, 'nginx.conf')
  return startServer({
    title: 'nginx',
    url: port => `http://127.0.0.1:${port}`,
    async prepare() {
      await mkdir(join(folder, 'run'), { recursive: true })
    },
    command: port => {
      void writeFile(config, nginxConf(folder, port))
      return { file: requireProgram('nginx', 'nginx'), args: ['-c', config, '-g', 'daemon off;'] }
    },
    probe: async port => void (await fetch(`http://127.0.0.1:${port}/`)),
    signal: 'SIGTERM',
  })
}

const nginxConf = (folder: string, port: number): string => `user root;
worker_processes 1;
pid ${folder}/run/pid;
error_log ${folder}/run/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  open_file_cache max=20000;
  keepalive_requests 1000000;
  types { image/jpeg jpeg; }
  server { listen 127.0.0.1:${port}; root ${folder}/files; }
}
`

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!

const folder = await mkdtemp(join(tmpdir(), 'coverslip-bench-'))
const { data, id, token, stop } = await ingest(folder)
const paths = tilePaths(id)
const script = join(folder, 'tiles.lua')
await writeFile(script, luaOf(paths, token))
const nginx = await startNginx(folder)
const tiles = await startNode('tiles', 'services/tiles/main.ts', () => ({
  COVERSLIP_DATA: data,
  METRICS_PORT: '0',
  RPC_PORT: '0',
  LOG_FILE: join(folder, 'tiles.jsonl'),
}))
try {
  await load(tiles.url, script)
  const results: { ours: Load; nginx: Load }[] = []
  for (let round = 0; round < rounds; round += 1) {
    results.push({ ours: await load(tiles.url, script), nginx: await load(nginx.url, script) })
  }
  const of = (who: 'ours' | 'nginx', what: keyof Load): number => median(results.map(result => result[who][what]))
  const rows = (['ours', 'nginx'] as const).map(
    who =>
      `| ${who === 'ours' ? 'tiles, one process' : 'nginx, one worker'} | ${of(who, 'requestsPerSecond').toFixed(0)} | ${of(who, 'p50').toFixed(2)} | ${of(who, 'p99').toFixed(2)} | ${of(who, 'errors')} |`,
  )
  const ratios = results.map(({ ours, nginx: theirs }) => ours.requestsPerSecond / theirs.requestsPerSecond)
  process.stdout.write(
    `${paths.length} tiles, ${CONNECTIONS} connections, median of ${rounds} rounds of ${seconds} s\n\n`,
  )
  process.stdout.write(
    `| server | requests/s | p50 ms | p99 ms | errors |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n\n`,
  )
  process.stdout.write(
    `ratio ours/nginx: ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})\n`,
  )
} finally {
  await Promise.all([tiles.stop(), nginx.stop()])
  await stop()
  await rm(folder, { recursive: true, force: true })
}
