/**
 * What readers notice when Redis, the stage (NAS) and the object store fail, one after another, under load: every answer
 * is compared with the tile's bytes as they were before, failures are counted, the time until tiles come again is told.
 *
 *   node loadtest/failures.ts [SECONDS]
 *
 * Needs the Debian packages redis-server, nats-server and postgresql, and an S3 server (versitygw). Ends with 1 when a
 * wrong tile was seen, or when tiles did not come again.
 */
import { rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from './k6/random.ts'
import { digestOf, keepReading, type Tally } from './report/readers.ts'
import { startTileTier, type TileTier, tilePaths } from './tile-tier.ts'

const seconds = Number(process.argv[2] ?? 8)
const READERS = 16

interface Trouble {
  what: string
  begin(tier: TileTier): Promise<void>
  end(tier: TileTier): Promise<void>
}

const TROUBLES: Trouble[] = [
  { what: 'nothing', begin: async () => {}, end: async () => {} },
  { what: 'Redis killed', begin: ({ servers }) => servers.redis.kill(), end: ({ servers }) => servers.redis.restart() },
  {
    what: 'Redis frozen',
    begin: async ({ servers }) => servers.redis.pause(),
    end: async ({ servers }) => servers.redis.resume(),
  },
  {
    what: 'stage gone',
    begin: ({ stage }) => rename(stage, `${stage}-away`),
    end: ({ stage }) => rename(`${stage}-away`, stage),
  },
  {
    what: 'object store killed, stage there',
    begin: ({ servers }) => servers.s3!.kill(),
    end: ({ servers }) => servers.s3!.restart(),
  },
  {
    what: 'object store and stage gone',
    async begin({ servers, stage }) {
      await rename(stage, `${stage}-away`)
      await servers.s3!.kill()
    },
    async end({ servers, stage }) {
      await rename(`${stage}-away`, stage)
      await servers.s3!.restart()
    },
  },
  {
    what: 'PostgreSQL killed',
    begin: ({ servers }) => servers.postgres.kill(),
    end: ({ servers }) => servers.postgres.restart(),
  },
  { what: 'NATS killed', begin: ({ servers }) => servers.nats.kill(), end: ({ servers }) => servers.nats.restart() },
]

interface Row {
  what: string
  during: Tally
  after: Tally
  /** From the end of the trouble to the first good answer, ms; null: there was none. */
  recovered: number | null
}

// Little memory, so that most tiles come from Redis, the stage or the object store.
const tier = await startTileTier({
  slides: 6,
  width: 6000,
  height: 4500,
  store: 's3',
  settings: { TILES_MEMORY: '1m', TILES_CACHE_TTL: '5s' },
})
try {
  const paths = tier.slides.flatMap(id => tilePaths(id, tier.size))
  const expected = await readAll(paths)
  const rows: Row[] = []
  for (const trouble of TROUBLES) rows.push(await suffer(trouble, paths, expected))
  console.log(report(rows))
  if (rows.some(row => row.during.wrong + row.after.wrong > 0 || row.recovered === null)) process.exitCode = 1
} finally {
  await tier.stop()
}

/** What each tile must be, read while all is well. */
async function readAll(paths: string[]): Promise<Map<string, string>> {
  const expected = new Map<string, string>()
  for (let i = 0; i < paths.length; i += 32) {
    await Promise.all(
      paths.slice(i, i + 32).map(async path => {
        const answer = await fetch(tier.url + path, { headers: { authorization: `Bearer ${tier.token}` } })
        if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
        expected.set(path, digestOf(await answer.arrayBuffer()))
      }),
    )
  }
  return expected
}

async function suffer(trouble: Trouble, paths: string[], expected: Map<string, string>): Promise<Row> {
  const { url, token } = tier
  const read = (signal: AbortSignal, seed: number) =>
    keepReading({ url, token, paths, expected, atOnce: READERS, random: createRandom(seed) }, signal)
  await trouble.begin(tier)
  const during = await read(AbortSignal.timeout(seconds * 1000), 1)
  const healing = new AbortController()
  const afterwards = read(healing.signal, 2)
  await trouble.end(tier)
  const ended = performance.now()
  await sleep(seconds * 1000)
  healing.abort()
  const after = await afterwards
  const first = after.goodAt.find(at => at > ended)
  return { what: trouble.what, during, after, recovered: first === undefined ? null : first - ended }
}

function report(rows: Row[]): string {
  const cells = ({ what, during, after, recovered }: Row): string =>
    [
      what,
      (during.good / seconds).toFixed(0),
      told(during.failed),
      told(after.failed),
      during.wrong + after.wrong,
      recovered === null ? 'not at all' : `${recovered.toFixed(0)} ms`,
      `${percentile(during.times, 0.99)} / ${percentile(after.times, 0.99)}`,
    ].join(' | ')
  return [
    `${READERS} readers, ${tier.slides.length} slides, ${seconds} s of trouble and ${seconds} s after it.`,
    '',
    '| trouble | tiles/s during | failed during | failed after | wrong | first tile after its end | p99 ms during / after |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(row => `| ${cells(row)} |`),
  ].join('\n')
}

function told(failed: Record<string, number>): string {
  const kinds = Object.entries(failed).map(([what, count]) => `${count} x ${what}`)
  return kinds.join(', ') || '0'
}

function percentile(times: number[], share: number): string {
  const sorted = [...times].sort((one, other) => one - other)
  return sorted.length === 0 ? 'none' : sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(0)
}
