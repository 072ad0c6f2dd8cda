/** The slides that a start brings in: those it is given, or a demonstration slide for an empty library. */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Connection, connectionFrom } from '@coverslip/cli/connection.ts'
import { toCliError } from '@coverslip/cli/errors.ts'
import { read } from '@coverslip/cli/http.ts'
import { type IngestResult, ingest } from '@coverslip/cli/ingest.ts'
import { type Progress, progressOn, type Screen } from '@coverslip/cli/progress.ts'
import type { System } from '@coverslip/platform/run.ts'
import { z } from 'zod'
import type { TerminalSettings } from './terminal.ts'

const DEMONSTRATION = 'Demonstration slide'
const SIZE = { width: 20_000, height: 15_000 }

/** Ingests over HTTP, like any other client. Whatever goes wrong is told, and Coverslip runs on. */
export async function firstSlides(
  system: System,
  settings: TerminalSettings,
  files: readonly string[],
  screen: Screen,
): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const progress = progressOn(screen)
  try {
    const connection = await ownConnection(system, settings)
    const results = files.length
      ? await ingestFiles(connection, files, settings, progress, stop.signal)
      : (await wantsDemonstration(connection, settings))
        ? await ingestDemonstration(connection, settings, progress, stop.signal)
        : []
    progress.close()
    const ready = results.filter(({ state }) => state === 'ready')
    for (const { id } of ready.slice(0, 20)) screen.write(`See it at ${system.publicUrl}/slides/${id}\n`)
    if (ready.length > 20) screen.write(`and ${ready.length - 20} more at ${system.publicUrl}\n`)
  } catch (error) {
    progress.close()
    if (!stop.signal.aborted) screen.write(`${toCliError(error).message}\n`)
  }
}

/** To this process, as its owner; COVERSLIP_URL and COVERSLIP_TOKEN may mean another one. */
async function ownConnection(system: System, { data, environment }: TerminalSettings): Promise<Connection> {
  const token = environment.OWNER_TOKEN_FILE ? await readFile(environment.OWNER_TOKEN_FILE, 'utf8') : undefined
  const url = new URL(system.url)
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  return connectionFrom({ COVERSLIP_URL: url.origin, COVERSLIP_TOKEN: token, COVERSLIP_DATA: data })
}

function ingestFiles(
  connection: Connection,
  files: readonly string[],
  settings: TerminalSettings,
  progress: Progress,
  signal: AbortSignal,
): Promise<IngestResult[]> {
  // npm runs scripts in the repository's root and tells where the user was.
  const from = settings.environment.INIT_CWD ?? process.cwd()
  const paths = files.map(file => resolve(from, file))
  return ingest(connection, paths, { wait: true, signal, progress, onResult: () => {} })
}

async function wantsDemonstration(connection: Connection, { environment }: TerminalSettings): Promise<boolean> {
  if (environment.COVERSLIP_NO_DEMO === '1') return false
  const page = z.object({ slides: z.array(z.unknown()) })
  const lists = ['/api/slides?limit=1', '/api/intake/slides?limit=1'].map(path => read(connection, path, page))
  return (await Promise.all(lists)).every(({ slides }) => slides.length === 0)
}

async function ingestDemonstration(
  connection: Connection,
  { data }: TerminalSettings,
  progress: Progress,
  signal: AbortSignal,
): Promise<IngestResult[]> {
  const folder = join(data, 'scratch/demonstration')
  // A start that was killed may have left half a slide.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  try {
    const path = join(folder, 'demonstration.svs')
    const { writeSyntheticSlide } = await import('@coverslip/wsi/synthetic/index.ts')
    const onProgress = (fraction: number): void => progress.step(DEMONSTRATION, 'making', fraction)
    await writeSyntheticSlide(path, { ...SIZE, signal, onProgress })
    const named: Progress = {
      ...progress,
      step: (_path, step, fraction) => progress.step(DEMONSTRATION, step, fraction),
      done: (_path, outcome) => progress.done(DEMONSTRATION, outcome),
    }
    return await ingest(connection, [path], { wait: true, signal, progress: named, onResult: () => {} })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
