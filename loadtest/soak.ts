/**
 * Endurance: many slides are listed, two hundred others are opened each minute, and readers go on; now and then one takes a
 * picture of a region. Memory and open files of the tiles process must not grow with the time or with the number of slides.
 *
 *   node loadtest/soak.ts [MINUTES] [LISTED] [VIEWED]        10 minutes, 20,000 and 2,000 by default
 *
 * Needs the Debian packages redis-server, nats-server and postgresql. Ends with 1 when memory passes 512 MiB, when the
 * last quarter uses 15 % more than the second one, or when an answer was no picture.
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
const TILES_PER_LOOK = 12
/** One look in so many ends with a picture. */
const LOOKS_PER_PICTURE = 8
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
    for (let look = 1; !signal.aborted; look += 1) {
      // The slides that are looked at move on through the list, so that the time and nothing else decides how many there are.
      const reached = Math.floor(((performance.now() - begun) / 1000 / seconds) * viewed)
      const id = tier.slides[Math.min(listed - 1, reached + Math.floor(random() * READERS))]!
      const paths = tilePaths(id, tier.size)
      const wanted = Array.from({ length: TILES_PER_LOOK }, () => paths[Math.floor(random() * paths.length)]!)
      if (look % LOOKS_PER_PICTURE === 0) wanted.push(pictureOf(id, random))
      for (const path of wanted) {
        if (signal.aborted) break
        const answer = await fetch(tier.url + path, { headers })
        await answer.arrayBuffer()
        answered += 1
        if (answer.status !== 200) failed += 1
      }
    }
  }
  await Promise.all(Array.from({ length: READERS }, (_, number) => reader(number)))
  return { answered, failed }
}

/** 768 px somewhere, shrunk to 512. */
function pictureOf(id: string, random: () => number): string {
  const [x, y] = [tier.size.width - 768, tier.size.height - 768].map(room => Math.floor(random() * room))
  return `/tiles/${id}/1/region.jpeg?x=${x}&y=${y}&width=768&height=768&size=512,512`
}

function judge(samples: Sample[], answered: number, failed: number): { text: string; good: boolean } {
  const quarter = (which: number) => samples.slice((samples.length * which) / 4, (samples.length * (which + 1)) / 4)
  const mean = (part: Sample[], of: 'mebibytes' | 'handles'): number =>
    part.reduce((sum, sample) => sum + sample[of], 0) / part.length
  const peak = Math.max(...samples.map(({ mebibytes }) => mebibytes))
  const growth = mean(quarter(3), 'mebibytes') / mean(quarter(1), 'mebibytes')
  const faults = [
    failed > 0 && `${failed} answers were no pictures`,
    peak >= MOST_MEBIBYTES && `memory passed ${MOST_MEBIBYTES} MiB`,
    growth >= MOST_GROWTH && `memory grew ${growth.toFixed(2)} times from the second quarter to the last`,
  ].filter(fault => fault !== false)
  const text = [
    `${minutes} minutes, ${READERS} readers, ${viewed} of ${listed} slides looked at: ${answered} answers, ${failed} failed.`,
    '',
    '| quarter | MiB | open files |',
    '| --- | ---: | ---: |',
    ...[0, 1, 2, 3].map(which => {
      const part = quarter(which)
      return `| ${which + 1} | ${mean(part, 'mebibytes').toFixed(0)} | ${mean(part, 'handles').toFixed(0)} |`
    }),
    '',
    `Peak ${peak.toFixed(0)} MiB, ${Math.max(...samples.map(({ handles }) => handles))} open files; last quarter ${growth.toFixed(2)} times the second.`,
    faults.length === 0 ? 'Passed.' : `Failed: ${faults.join('; ')}.`,
  ].join('\n')
  return { text, good: faults.length === 0 }
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
