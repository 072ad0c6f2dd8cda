/** The first look at places whose bytes this machine's memory does not have: six requests at a time, as browsers send them. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Served } from './served.ts'
import type { BenchSlide, Place } from './slide.ts'

const run = promisify(execFile)
const AT_ONCE = 6
const TILES = 150

/** What Linux keeps of files is given up (posix_fadvise); without root, and without harm to whatever else runs. */
const FORGET = `import os, sys
for root in sys.argv[1:]:
    for folder, _, names in os.walk(root):
        for name in names:
            file = os.open(os.path.join(folder, name), os.O_RDONLY)
            os.fdatasync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)
`

/** Each server is asked for the same places, other ones each round. @returns a Markdown table of milliseconds */
export async function coldTable(
  all: Served[],
  places: Place[],
  { slide, rounds }: { slide: BenchSlide; rounds: number },
): Promise<string> {
  const times = new Map<Served, number[]>(all.map(one => [one, []]))
  for (let round = 0; round < rounds; round += 1) {
    const wanted = Array.from({ length: TILES }, (_, i) => places[((round * TILES + i) * 7919) % places.length]!)
    for (const one of all) {
      await run('python3', ['-c', FORGET, join(slide.service.data, 'pyramid'), join(slide.folder, 'files')])
      times.get(one)!.push(...(await firstLook(one, wanted)))
    }
  }
  const rows = all.map(one => {
    const sorted = times.get(one)!.sort((a, b) => a - b)
    const [p50, p99] = [0.5, 0.99].map(share => sorted[Math.floor(sorted.length * share)]!.toFixed(1))
    return `| ${one.name} | ${p50} | ${p99} |\n`
  })
  return `| ${TILES} places not in memory, ${AT_ONCE} at a time | p50 ms | p99 ms |\n| --- | --- | --- |\n${rows.join('')}`
}

async function firstLook({ name, url, token, pathOf }: Served, places: Place[]): Promise<number[]> {
  const left = [...places]
  const times: number[] = []
  const lookOn = async (): Promise<void> => {
    for (let place = left.pop(); place; place = left.pop()) {
      const begun = performance.now()
      const answer = await fetch(url + pathOf(place), { headers: token ? { authorization: `Bearer ${token}` } : {} })
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`)
      await answer.arrayBuffer()
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lookOn))
  return times
}
