/**
 * Endurance: many slides are listed, two hundred others are opened each minute, and readers go on; memory and open files
 * of the tiles process must not grow with the time or with the number of slides.
 *
 *   node loadtest/soak.ts [MINUTES] [LISTED] [VIEWED]        10 minutes, 20,000 and 2,000 by default
 *
 * Needs the Debian packages redis-server, nats-server and postgresql. Ends with 1 when memory passes 512 MiB, when the
 * last quarter uses 15 % more than the second one, or when an answer was not a tile.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRandom } from './k6/random.ts'
import { plotLines } from './report/plot.ts'
import { type Sample, watchProcess } from './report/samples.ts'
import { startTileTier, tilePaths } from './tile-tier.ts'

const [minutes, listed, viewed] = [10, 20_000, 2000].map((usual, i) => Number(process.argv[2 + i] ?? usual)) as [
  number,
  number,
  number,
]
const READERS = 16
const MOST_MEBIBYTES = 512
const MOST_GROWTH = 1.15

const tier = await startTileTier({ slides: listed, width: 4096, height: 3072, store: 'files' })
try {
  const seconds = minutes * 60
  const signal = AbortSignal.timeout(seconds * 1000)
  const watching = watchProcess(() => tier.process.pid(), signal)
  const { answered, failed } = await readOn(seconds, signal)
  const samples = await watching
  const { text, good } = judge(samples, answered, failed)
  console.log(text)
  if (process.env.SOAK_OUTPUT) await writePlots(process.env.SOAK_OUTPUT, samples, text)
  if (!good) process.exitCode = 1
} finally {
  await tier.stop()
}

/** Each reader looks at one slide after the other; over the whole time, `viewed` different ones. */
async function readOn(seconds: number, signal: AbortSignal): Promise<{ answered: number; failed: number }> {
  const headers = { authorization: `Bearer ${tier.token}` }
  const begun = performance.now()
  let [answered, failed] = [0, 0]
  const reader = async (number: number): Promise<void> => {
    const random = createRandom(number)
    while (!signal.aborted) {
      // The slides that are looked at move on through the list, so that the time and nothing else decides how many there are.
      const reached = Math.floor(((performance.now() - begun) / 1000 / seconds) * viewed)
      const id = tier.slides[Math.min(listed - 1, reached + Math.floor(random() * READERS))]!
      const paths = tilePaths(id, tier.size)
      for (let i = 0; i < 12 && !signal.aborted; i += 1) {
        const answer = await fetch(tier.url + paths[Math.floor(random() * paths.length)]!, { headers })
        await answer.arrayBuffer()
        answered += 1
        if (answer.status !== 200) failed += 1
      }
    }
  }
  await Promise.all(Array.from({ length: READERS }, (_, number) => reader(number)))
  return { answered, failed }
}

function judge(samples: Sample[], answered: number, failed: number): { text: string; good: boolean } {
  const quarter = (which: number) => samples.slice((samples.length * which) / 4, (samples.length * (which + 1)) / 4)
  const mean = (part: Sample[], of: 'mebibytes' | 'handles'): number =>
    part.reduce((sum, sample) => sum + sample[of], 0) / part.length
  const peak = Math.max(...samples.map(({ mebibytes }) => mebibytes))
  const growth = mean(quarter(3), 'mebibytes') / mean(quarter(1), 'mebibytes')
  const text = [
    `${minutes} minutes, ${READERS} readers, ${viewed} of ${listed} slides looked at: ${answered} tiles, ${failed} failed.`,
    '',
    '| quarter | MiB | open files |',
    '| --- | ---: | ---: |',
    ...[0, 1, 2, 3].map(which => {
      const part = quarter(which)
      return `| ${which + 1} | ${mean(part, 'mebibytes').toFixed(0)} | ${mean(part, 'handles').toFixed(0)} |`
    }),
    '',
    `Peak ${peak.toFixed(0)} MiB, ${Math.max(...samples.map(({ handles }) => handles))} open files; last quarter ${growth.toFixed(2)} times the second.`,
  ].join('\n')
  return { text, good: failed === 0 && peak < MOST_MEBIBYTES && growth < MOST_GROWTH }
}

async function writePlots(folder: string, samples: Sample[], text: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const line = (of: 'mebibytes' | 'handles') => samples.map(sample => ({ x: sample.at, y: sample[of] }))
  await writeFile(
    join(folder, 'memory.svg'),
    plotLines('Memory', 'MiB', [{ label: 'resident', points: line('mebibytes') }]),
  )
  await writeFile(
    join(folder, 'handles.svg'),
    plotLines('Open files', '', [{ label: 'handles', points: line('handles') }]),
  )
  await writeFile(join(folder, 'soak.md'), `${text}\n\n![memory](memory.svg)\n![open files](handles.svg)\n`)
}
