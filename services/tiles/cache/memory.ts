/**
 * Values in memory, bounded by bytes and not washed out by one who looks at everything once: S3-FIFO (Yang, Zhang, Qiu,
 * Yue, Vinayak: "FIFO queues are all you need for cache eviction", SOSP 2023, algorithm 1). New keys enter a small queue
 * and leave it soon unless they are asked for again; those, and keys that come back shortly after they were put out,
 * enter the main queue. A hit moves nothing and allocates nothing: it counts up to three in the entry.
 */

export interface Entry<Value> {
  readonly key: string
  value: Value
  /** What it counts for, bytes. */
  size: number
  /** Hits since it entered its queue, at most 3. */
  uses: number
  queue: Queue<Value> | undefined
  older: Entry<Value> | undefined
  newer: Entry<Value> | undefined
}

export interface Memory<Value> {
  /** A hit. */
  get(key: string): Entry<Value> | undefined
  /** A value larger than a tenth of the whole memory is not kept. */
  set(key: string, value: Value, size: number): void
  delete(key: string): void
  deletePrefix(prefix: string): void
  /** Present bytes and entries, for gauges. */
  readonly bytes: number
  readonly count: number
}

/** First in, first out: a linked list, so that a deleted entry leaves it at once. */
interface Queue<Value> {
  bytes: number
  oldest: Entry<Value> | undefined
  newest: Entry<Value> | undefined
}

const MAX_USES = 3
/** The small queue's share of the memory, as in the paper. */
const SMALL_SHARE = 0.1
const MIN_GHOSTS = 64

/** @param mostBytes asked whenever a value comes: what other things take may become more */
export function createMemory<Value>(mostBytes: () => number): Memory<Value> {
  const entries = new Map<string, Entry<Value>>()
  const small = createQueue<Value>()
  const main = createQueue<Value>()
  const ghosts = createGhosts(() => Math.max(MIN_GHOSTS, entries.size / 2))

  function drop(entry: Entry<Value>): void {
    entries.delete(entry.key)
    leave(entry)
  }

  function evict(maxBytes: number): void {
    const fromSmall = small.oldest && (small.bytes > maxBytes * SMALL_SHARE || !main.oldest)
    const entry = fromSmall ? small.oldest! : main.oldest!
    // In the small queue the first hit may be of the same look at a place; in the main queue any counts.
    const staying = fromSmall ? entry.uses > 1 : entry.uses > 0
    if (!staying) {
      drop(entry)
      if (fromSmall) ghosts.add(entry.key)
      return
    }
    leave(entry)
    entry.uses = fromSmall ? 0 : entry.uses - 1
    enter(main, entry)
  }

  return {
    get(key) {
      const entry = entries.get(key)
      if (entry !== undefined && entry.uses < MAX_USES) entry.uses += 1
      return entry
    },
    set(key, value, size) {
      const known = entries.get(key)
      const wanted = known?.queue === main || ghosts.has(key)
      if (known) drop(known)
      const maxBytes = Math.max(0, mostBytes())
      if (size <= maxBytes / 10) {
        const entry: Entry<Value> = { key, value, size, uses: 0, queue: undefined, older: undefined, newer: undefined }
        entries.set(key, entry)
        enter(wanted ? main : small, entry)
      }
      while (small.bytes + main.bytes > maxBytes) evict(maxBytes)
    },
    delete(key) {
      const entry = entries.get(key)
      if (entry) drop(entry)
    },
    deletePrefix(prefix) {
      for (const entry of entries.values()) if (entry.key.startsWith(prefix)) drop(entry)
    },
    get bytes() {
      return small.bytes + main.bytes
    },
    get count() {
      return entries.size
    },
  }
}

const createQueue = <Value>(): Queue<Value> => ({ bytes: 0, oldest: undefined, newest: undefined })

function enter<Value>(queue: Queue<Value>, entry: Entry<Value>): void {
  entry.queue = queue
  entry.older = queue.newest
  entry.newer = undefined
  if (queue.newest) queue.newest.newer = entry
  else queue.oldest = entry
  queue.newest = entry
  queue.bytes += entry.size
}

function leave<Value>(entry: Entry<Value>): void {
  const { queue, older, newer } = entry
  if (!queue) return
  if (older) older.newer = newer
  else queue.oldest = newer
  if (newer) newer.older = older
  else queue.newest = older
  queue.bytes -= entry.size
  entry.queue = undefined
}

/** Keys put out of late, in two generations: forgetting one by one would cost more than it is worth. */
function createGhosts(most: () => number) {
  let young = new Set<string>()
  let old = new Set<string>()
  return {
    has: (key: string): boolean => young.has(key) || old.has(key),
    add(key: string): void {
      young.add(key)
      if (young.size <= most()) return
      old = young
      young = new Set()
    },
  }
}
