/** A scanner's night: many slides at once through the command line. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Slide } from '@coverslip/proto/api.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf } from '../client.ts'
import type { Shape } from '../shape.ts'
import { smallSlide } from './made.ts'

const SLIDES = 60
const CLI = new URL('../../cli/main.ts', import.meta.url).pathname
const MIB = 1024 * 1024
/**
 * What a process may take on top of what it had, whatever the number of slides. One that runs all modules takes most, some
 * 150 MiB: half of it garbage of JavaScript that is not yet worth collecting, the rest what the image libraries' and
 * PGlite's memory grows to with the first few slides.
 */
const GROWTH = 300 * MIB

export function manySuite(shape: () => Shape): void {
  describe(`${SLIDES} slides at once`, () => {
    let client: Client
    let folder: string
    let state: string
    beforeAll(async () => {
      client = clientOf(shape())
      ;[folder, state] = (await Promise.all(
        ['slides', 'state'].map(name => mkdtemp(join(tmpdir(), `coverslip-e2e-many-${name}-`))),
      )) as [string, string]
      const bytes = await smallSlide()
      for (let i = 0; i < SLIDES; i += 1) {
        // Nobody reads what lies behind the last page; no two files are the same.
        await writeFile(join(folder, `night-${i}.svs`), Buffer.concat([bytes, randomBytes(16)]))
      }
    })
    afterAll(() => Promise.all([folder, state].map(path => rm(path, { recursive: true, force: true }))))

    test('all end ready, and no process grows with them', async () => {
      const { pid, processes } = shape()
      const before = new Map(
        await Promise.all(processes.map(async name => [name, await residentOf(pid(name))] as const)),
      )
      const peaks = new Map(before)
      const watching = setInterval(async () => {
        for (const name of processes) peaks.set(name, Math.max(peaks.get(name)!, await residentOf(pid(name))))
      }, 200)
      const { stdout } = await coverslip('ingest', folder, '--project', 'night', '--wait', '--json').finally(() =>
        clearInterval(watching),
      )
      const told = stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { id: string; state: string })
      expect(told.map(one => one.state)).toEqual(Array(SLIDES).fill('ready'))
      expect(new Set(told.map(({ id }) => id)).size).toBe(SLIDES)
      const { slides } = await client.json<{ slides: Slide[] }>('/api/slides?limit=1000')
      const mine = slides.filter(({ project }) => project === 'night')
      expect(new Set(mine.map(({ name }) => name)).size).toBe(SLIDES)
      const grown = processes.map(name => [name, Math.round((peaks.get(name)! - before.get(name)!) / MIB)] as const)
      if (process.env.E2E_SHOW) console.log(Object.fromEntries(grown))
      expect(grown.filter(([, mib]) => mib * MIB > GROWTH)).toEqual([])
    }, 480_000)

    const coverslip = (...args: string[]) =>
      promisify(execFile)(process.execPath, [CLI, ...args], {
        env: { ...process.env, COVERSLIP_URL: shape().url, COVERSLIP_TOKEN: shape().token, XDG_STATE_HOME: state },
        maxBuffer: 16 * MIB,
      })
  })
}

/** Bytes of a process' own memory. */
async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}
