/**
 * Who watches a slide hears of every change of its annotations, without a gap: a watcher hears the events of its slide
 * from the start, is brought up to date by reading, and then reads on together with the others whenever something is
 * heard of that it was not sent. One reading per change serves all watchers of a slide in this process.
 */
import type { Change } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { changesMessage } from '../feature-collection.ts'

const PAGE = 500

export interface Page {
  changes: Change[]
  /** More changes wait after the last one. */
  more: boolean
}
/** Reads every change after a counter, in order and without gaps. */
export type ReadChanges = (slideId: string, after: bigint, limit: number) => Promise<Page>

export interface Watcher {
  /** Resolves when the message is on its way; rejects when the reader is gone or too slow. */
  send(message: Buffer): Promise<void>
  /** Ends it: it missed something, and comes back from where it is. */
  drop(): void
}

interface Watch {
  watcher: Watcher
  /** The counter up to which everything was sent. */
  seq: bigint
  /** False while it is brought up to date. */
  joined: boolean
}

interface Room {
  slideId: string
  watches: Set<Watch>
  /** The highest counter heard of. */
  heard: bigint
  reading: boolean
}

export interface Hub {
  /** Brings the watcher up to date from `after` and keeps it so. @returns what ends it */
  watch(slideId: string, after: bigint, watcher: Watcher): () => void
  /** The event annotations.changed. */
  changed(slideId: string, seq: bigint): void
}

export function createHub(read: ReadChanges): Hub {
  const rooms = new Map<string, Room>()

  function leave(room: Room, watch: Watch): void {
    if (room.watches.delete(watch) && room.watches.size === 0) rooms.delete(room.slideId)
  }

  function end(room: Room, watch: Watch): void {
    leave(room, watch)
    watch.watcher.drop()
  }

  async function join(room: Room, watch: Watch): Promise<void> {
    let more = true
    while (more && room.watches.has(watch)) {
      const page = await read(room.slideId, watch.seq, PAGE)
      await tell(watch, page.changes)
      more = page.more
    }
    watch.joined = true
    void readOn(room)
  }

  /** Sends what was heard of to those who were not sent it yet. */
  async function readOn(room: Room): Promise<void> {
    if (room.reading) return
    room.reading = true
    try {
      for (;;) {
        const behind = [...room.watches].filter(({ joined, seq }) => joined && seq < room.heard)
        if (behind.length === 0) break
        const { heard } = room
        const after = behind.reduce((least, { seq }) => (seq < least ? seq : least), heard)
        const { changes } = await read(room.slideId, after, PAGE)
        // Heard of but not there, and nothing new heard of while reading: the slide was deleted.
        if (changes.length === 0 && room.heard === heard) break
        for (const watch of behind) tell(watch, changes).catch(() => end(room, watch))
      }
    } catch {
      // They come back by themselves, and by then the changes can be read again.
      for (const watch of room.watches) if (watch.joined) end(room, watch)
    } finally {
      room.reading = false
    }
  }

  return {
    watch(slideId, after, watcher) {
      const room = rooms.get(slideId) ?? { slideId, watches: new Set(), heard: 0n, reading: false }
      rooms.set(slideId, room)
      const watch: Watch = { watcher, seq: after, joined: false }
      room.watches.add(watch)
      join(room, watch).catch(() => end(room, watch))
      return () => leave(room, watch)
    },
    changed(slideId, seq) {
      const room = rooms.get(slideId)
      if (!room) return
      if (seq > room.heard) room.heard = seq
      void readOn(room)
    },
  }
}

/** Sends what the watcher has not seen; its counter is raised before anything else can run. */
async function tell(watch: Watch, changes: readonly Change[]): Promise<void> {
  const news = changes.filter(({ seq }) => seq > watch.seq)
  const last = news.at(-1)
  if (!last) return
  watch.seq = last.seq
  await watch.watcher.send(changesMessage(news, last.seq))
}
