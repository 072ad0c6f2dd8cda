/**
 * Conversion beside libvips' on the same file: seconds and peak memory of whole processes, alternating, the best of each.
 *
 *     node loadtest/bench/convert.ts SLIDE [ROUNDS]
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const TIME = '/usr/bin/time'

interface Measured {
  seconds: number
  /** MiB; null where GNU time is missing. */
  peak: number | null
  stdout: string
}

async function measure(command: string, args: string[]): Promise<Measured> {
  const timed = existsSync(TIME)
  const start = performance.now()
  const { stdout, stderr } = await run(timed ? TIME : command, timed ? ['-f', 'peak %M', command, ...args] : args)
  const seconds = (performance.now() - start) / 1000
  const kibibytes = /peak (\d+)/.exec(stderr)?.[1]
  return { seconds, peak: kibibytes ? Number(kibibytes) / 1024 : null, stdout }
}

const fastest = (runs: Measured[]): Measured => runs.reduce((best, next) => (next.seconds < best.seconds ? next : best))

function row(name: string, { seconds, peak }: Measured, pixels: number, bytes: number): string {
  const memory = peak === null ? 'unknown' : `${peak.toFixed(0)} MiB`
  const speed = `${(pixels / 1e6 / seconds).toFixed(1)} Mpx/s`
  return `${name.padEnd(10)} ${seconds.toFixed(2)} s  ${speed}  peak ${memory}  file ${(bytes / 2 ** 20).toFixed(1)} MiB`
}

const [slide, rounds = '3'] = process.argv.slice(2)
if (!slide) throw new Error('usage: convert.ts SLIDE [ROUNDS]')
const folder = await mkdtemp(join(tmpdir(), 'bench-convert-'))
try {
  const [ours, theirs] = [join(folder, 'coverslip.tif'), join(folder, 'vips.tif')]
  const one = fileURLToPath(new URL('./convert-one.ts', import.meta.url))
  const tiling = ['--tile', '--tile-width', '256', '--tile-height', '256', '--pyramid', '--bigtiff']
  const runs: { coverslip: Measured[]; vips: Measured[] } = { coverslip: [], vips: [] }
  for (let i = 0; i < Number(rounds); i++) {
    runs.coverslip.push(await measure(process.execPath, [one, slide, ours]))
    runs.vips.push(await measure('vips', ['tiffsave', slide, theirs, '--compression', 'jpeg', '--Q', '50', ...tiling]))
  }
  const [coverslip, vips] = [fastest(runs.coverslip), fastest(runs.vips)]
  const { width, height } = JSON.parse(coverslip.stdout) as { width: number; height: number }
  console.log(`${width} x ${height} px, ${availableParallelism()} cores, best of ${rounds}`)
  console.log(row('coverslip', coverslip, width * height, (await stat(ours)).size))
  console.log(row('vips', vips, width * height, (await stat(theirs)).size))
  console.log(`speed: ${(vips.seconds / coverslip.seconds).toFixed(2)} times that of vips`)
  if (coverslip.peak && vips.peak) console.log(`memory: ${(coverslip.peak / vips.peak).toFixed(2)} times that of vips`)
} finally {
  await rm(folder, { recursive: true })
}
