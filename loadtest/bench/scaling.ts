/**
 * How the workers of the pyramid service share slides: one slide by 1, 2 and 4 workers of one thread each, then two at
 * once, on real servers (NATS, PostgreSQL, an S3 server) of this machine, which take their part of its cores.
 *
 *     node loadtest/bench/scaling.ts [SLIDE [COPIES]]     Markdown on standard output
 *
 * SLIDE is a tiled slide whose level 0 is laid out COPIES x COPIES times (default: a made one of ../shared/data, 4).
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Fleet, type Outcome, startFleet } from '@coverslip/pyramid/fleet.ts'
import { sharedSlide } from '@coverslip/wsi/test-data.ts'
import { writeMosaic } from './mosaic.ts'

type Built = Extract<Outcome, { report: unknown }>

const built = (outcome: Outcome): Built => {
  if ('failed' in outcome) throw new Error(outcome.failed.reason)
  return outcome
}

async function build(fleet: Fleet, path: string): Promise<Built & { slideId: string }> {
  const { slideId, outcome } = await fleet.send(path)
  return { slideId, ...built(await outcome) }
}

const table = (head: string[], rows: (string | number)[][]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

const seconds = (value: number): string => value.toFixed(1)
const mebibytes = (value: number): string => (value / 2 ** 20).toFixed(0)

/** How long a slide still took when it was told how long it would take, at quarters of the way. */
function timesLeft(told: { at: number; fraction: number; secondsLeft?: number | undefined }[], end: number) {
  return [0.25, 0.5, 0.75].map(quarter => {
    const reading = told.find(({ fraction, secondsLeft }) => fraction >= quarter && secondsLeft !== undefined)
    if (!reading) return [`${quarter * 100} %`, 'not told', '']
    return [`${quarter * 100} %`, seconds(reading.secondsLeft!), seconds((end - reading.at) / 1000)]
  })
}

const [slide = sharedSlide('svs/aperio-7k-copied.svs'), copies = '4'] = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'bench-scaling-'))
const fleet = await startFleet({ PYRAMID_THREADS: '1', PYRAMID_PART_SIZE: '4096' })
try {
  const large = join(folder, 'large.svs')
  await writeMosaic(slide, large, { columns: Number(copies), rows: Number(copies) })
  await build(fleet, slide)
  const rows: (string | number)[][] = []
  let one: (Built & { slideId: string }) | undefined
  let alone = 0
  let left: string[][] = []
  for (const workers of [1, 2, 4]) {
    await fleet.grow(workers)
    const run = await build(fleet, large)
    const end = performance.now()
    one ??= run
    if (workers === 2) alone = run.seconds
    if (workers === 1)
      left = timesLeft(
        fleet.progress.filter(({ slideId }) => slideId === run.slideId),
        end,
      )
    const { report } = run
    const speedUp = `${(one.seconds / run.seconds).toFixed(2)}x`
    const moved = mebibytes(report.bytes.moved)
    rows.push([workers, seconds(run.seconds), speedUp, seconds(report.seconds.cpu), moved, report.parts.repeated])
  }
  await fleet.shrink(2)
  const first = await fleet.send(large)
  const second = await fleet.send(large)
  const small = await fleet.send(slide)
  const outcomes = await Promise.all([first, second, small].map(async ({ outcome }) => built(await outcome)))
  const [a, b, c] = outcomes as [Built, Built, Built]
  const { width = 0, height = 0 } = one!.tiled.geometry ?? {}
  const { parts } = one!.report
  const { size } = await stat(large)
  console.log(`## Several workers build one slide

${width} x ${height} px, ${mebibytes(size)} MiB, ${parts.count} parts. Workers of one thread on a machine of
${availableParallelism()} cores, which also run NATS, PostgreSQL and the S3 server: more workers than cores gain nothing
here. Load average at the end: ${loadavg()[0]!.toFixed(1)}. Each worker fetches the original from S3 once.

${table(['workers', 'seconds', 'speed-up', 'CPU-seconds', 'MiB moved', 'parts built anew'], rows)}

Two of these slides and a small one (one part in ${seconds(c.report.seconds.wall)} s) at once, two workers:

${table(
  ['slide', 'seconds', 'alone'],
  [
    ['first', seconds(a.seconds), seconds(alone)],
    ['second', seconds(b.seconds), seconds(alone)],
    ['small, sent last', seconds(c.seconds), ''],
  ],
)}

The time left as it was told, one worker:

${table(['done', 'told, s', 'true, s'], left)}
`)
} finally {
  await fleet.stop()
  await rm(folder, { recursive: true, force: true })
}
