/** Stored pixels: one hash per level over the bytes of its tiles, and whether tiles hold anything beside a picture. */
import { createHash, hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Layout, Segment } from './layout.ts'
import { isPlain, jpegNotes } from './streams.ts'

/** Tiles that lie near to each other are read at once. */
const RUN = 8 * 1024 * 1024
/** Longer ones (NDPI: a whole level) pass in pieces. */
const STREAMED = 16 * 1024 * 1024

interface Job extends Segment {
  level: number
  index: number
}

/** SHA-256 of each tile by level and index; empty for missing ones. */
export interface HashedTiles {
  levels: Buffer[][]
  /** Tiles that hold something beside their picture; looked at on request. */
  unclean: number
}

function jobsOf({ levels }: Layout): Job[] {
  const jobs = levels.flatMap(({ segments }, level) => segments.map((segment, index) => ({ ...segment, level, index })))
  return jobs.filter(({ length }) => length > 0).sort((a, b) => a.file - b.file || a.offset - b.offset)
}

/** Groups jobs, which are in order, into runs of one read each. */
function* runsOf(jobs: readonly Job[]): Generator<Job[]> {
  let run: Job[] = []
  let end = 0
  for (const job of jobs) {
    const first = run[0]
    const reach = Math.max(end, job.offset + job.length)
    if (first && (first.file !== job.file || reach - first.offset > RUN || job.offset > end + 65_536)) {
      yield run
      run = []
      end = 0
    }
    run.push(job)
    end = Math.max(end, job.offset + job.length)
  }
  if (run.length > 0) yield run
}

/**
 * Hashes all tiles of a slide, reading each file once from front to back.
 * @param options.clean also look for what is no picture
 */
export async function hashTiles(
  layout: Layout,
  options: { clean: boolean; signal?: AbortSignal | undefined },
): Promise<HashedTiles> {
  const levels = layout.levels.map(({ segments }) => segments.map(() => Buffer.alloc(0) as Buffer))
  let unclean = 0
  const files = await Promise.all(layout.files.map(({ path }) => open(path, 'r')))
  try {
    for (const run of runsOf(jobsOf(layout))) {
      options.signal?.throwIfAborted()
      const { file, offset } = run[0]!
      if (run.length === 1 && run[0]!.length > STREAMED) {
        const one = await hashStream(layout.files[file]!.path, run[0]!, options)
        levels[run[0]!.level]![run[0]!.index] = one.sha256
        if (options.clean && layout.levels[run[0]!.level]!.coding === 'jpeg' && !one.clean) unclean += 1
        continue
      }
      const length = Math.max(...run.map(job => job.offset + job.length)) - offset
      const bytes = Buffer.allocUnsafe(length)
      const { bytesRead } = await files[file]!.read(bytes, 0, length, offset)
      for (const job of run) {
        const tile = bytes.subarray(job.offset - offset, Math.min(job.offset - offset + job.length, bytesRead))
        levels[job.level]![job.index] = hash('sha256', tile, 'buffer')
        if (options.clean && !isPlain(layout.levels[job.level]!.coding, tile)) unclean += 1
      }
    }
  } finally {
    await Promise.all(files.map(file => file.close()))
  }
  return { levels, unclean }
}

async function hashStream(path: string, { offset, length }: Segment, { signal }: { signal?: AbortSignal | undefined }) {
  const sum = createHash('sha256')
  const check = jpegNotes()
  const range = { start: offset, end: offset + length - 1, highWaterMark: 1024 * 1024 }
  for await (const piece of createReadStream(path, { ...range, ...(signal ? { signal } : {}) })) {
    sum.update(piece)
    check.push(piece)
  }
  return { sha256: sum.digest(), clean: check.clean() }
}

/** One hash for a level: over the hashes of its tiles in the order of its index, some left out. */
export function hashOfLevel(tiles: readonly Buffer[], leftOut: ReadonlySet<number>): string {
  const sum = createHash('sha256')
  for (const [index, tile] of tiles.entries()) if (!leftOut.has(index)) sum.update(`${index}:`).update(tile)
  return sum.digest('hex')
}
