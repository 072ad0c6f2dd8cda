/** Keeps watching folders and takes each slide once it has stopped growing. */
import { createHash } from 'node:crypto'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Environment, stateFolder } from './connection.ts'
import { findSlides, type SlideSource } from './sources.ts'

export interface WatchOptions {
  /** A slide is taken when nothing of it has changed for this long. */
  settleMs: number
  /** Between two looks at the folder; network shares do not report changes, so it is looked at. */
  pollMs: number
  signal: AbortSignal
  ledger: Ledger
  /** Takes a slide; false: try it again later. */
  take(slide: SlideSource): Promise<boolean>
  onUnusable?(path: string, reason: string): void
}

/** Remembers, across runs, which slides were taken. */
export interface Ledger {
  has(slide: SlideSource): boolean
  add(slide: SlideSource): Promise<void>
}

/** Runs until the signal is aborted. */
export async function watch(paths: readonly string[], options: WatchOptions): Promise<void> {
  const settling = new Map<string, { state: string; since: number }>()
  const told = new Set<string>()
  while (!options.signal.aborted) {
    const { slides, unusable } = await findSlides(paths)
    for (const { path, reason } of unusable) {
      // An empty folder is what watching begins with.
      if (!paths.includes(path) && !told.has(path)) options.onUnusable?.(path, reason)
      told.add(path)
    }
    for (const slide of slides) {
      if (options.signal.aborted) return
      if (options.ledger.has(slide) || !hasSettled(slide, settling, options.settleMs)) continue
      if (await options.take(slide)) await options.ledger.add(slide)
      settling.delete(slide.path)
    }
    await sleep(options.pollMs, undefined, { signal: options.signal }).catch(() => {})
  }
}

/** Whether size and time of every file have stood still for `settleMs` of this clock (the share's own may be off). */
function hasSettled(
  slide: SlideSource,
  settling: Map<string, { state: string; since: number }>,
  settleMs: number,
): boolean {
  const state = fingerprint(slide)
  const known = settling.get(slide.path)
  if (known?.state === state) return Date.now() - known.since >= settleMs
  settling.set(slide.path, { state, since: Date.now() })
  return settleMs === 0
}

/** Changes with the content of a slide's files, as far as sizes and times tell. A hash, so that no name is kept. */
export function fingerprint(slide: SlideSource): string {
  const facts = slide.files.map(({ path, bytes, changedMs }) => [resolve(path), bytes, changedMs])
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

/** A ledger in a file, one fingerprint a line; only its end is ever written, so a crash costs at most that line. */
export async function openLedger(path: string): Promise<Ledger> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as { code?: string }).code === 'ENOENT') return ''
    throw error
  })
  const taken = new Set(text.split('\n'))
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  return {
    has: slide => taken.has(fingerprint(slide)),
    async add(slide) {
      taken.add(fingerprint(slide))
      await appendFile(path, `${fingerprint(slide)}\n`, { mode: 0o600 })
    },
  }
}

/** Where the ledger of a server is: the XDG state folder, one file per address. */
export function ledgerPath(environment: Environment, intakeUrl: string): string {
  return join(stateFolder(environment), `taken-${createHash('sha256').update(intakeUrl).digest('hex').slice(0, 16)}`)
}
