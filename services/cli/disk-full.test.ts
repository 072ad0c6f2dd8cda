/** `deidentify --run` into a folder on a disk that is too small: a tmpfs in a mount namespace of its own. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const KIB = 1024

/** Mounts a disk of a size for as long as a script runs, which finds it as `$1`; seen by no other process. */
const withDisk = (disk: string, kib: number, script: string): [string, string[]] => [
  'unshare',
  ['-rm', 'sh', '-c', `mount -t tmpfs -o size=${kib}k tmpfs "$1" && { ${script}; }`, 'sh', disk],
]

function canMount(): boolean {
  try {
    const [command, args] = withDisk(tmpdir(), 64, 'true')
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const mountable = process.platform === 'linux' && canMount()
const unlessMountable = mountable ? '' : ' (skipped: this machine lets nobody mount a tmpfs in a namespace)'

let folder: string
let disk: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-cli-disk-'))
  disk = join(folder, 'disk')
  await mkdir(disk)
  const options = { width: 700, height: 500, seed: 7, tileSize: 64, workers: 1 }
  await writeSyntheticSlide(join(folder, 'slide.svs'), options)
  await writeSyntheticSlide(join(folder, 'slide.mrxs'), { ...options, format: 'mirax' })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs the command; the last lines of its output are the files that are left on the disk. */
async function runOn(kib: number, slide: string) {
  const run = '"$0" "$2" deidentify "$3" --run --json --output "$1"; echo "$?"; find "$1" -mindepth 1'
  const [command, args] = withDisk(disk, kib, run)
  args[args.indexOf('sh', 3)] = process.execPath
  const environment = { ...process.env, XDG_STATE_HOME: join(folder, 'state') }
  const { stdout } = await promisify(execFile)(command, [...args, MAIN, join(folder, slide)], { env: environment })
  const [told = '', exit, ...left] = stdout.trim().split('\n')
  return { exit: Number(exit), left, ...(JSON.parse(told) as object) }
}

describe.skipIf(!mountable)(`a full disk${unlessMountable}`, () => {
  it.each([
    ['slide.svs', 'copied', 0.5],
    ['slide.svs', 'reported on', 1],
    ['slide.mrxs', 'copied', 0.5],
  ])('%s: leaves nothing while it is %s, and says so', async (slide, _, share) => {
    const { size } = await stat(join(folder, slide.replace('.mrxs', '.svs')))
    // One page beside the file, for the folder that is worked in.
    const { left, ...told } = await runOn(Math.ceil((size * share) / KIB) + 4, slide)
    expect(told).toMatchObject({
      exit: 1,
      clean: false,
      code: 'disk-full',
      reason: 'The disk of the output folder is full; nothing of this slide was left there',
    })
    expect(left).toEqual([])
  })
})
