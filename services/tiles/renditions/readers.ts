/**
 * The slides that this process holds open with OpenSlide, each a child process: at most so many, closed when nobody has
 * asked for a while, opened again when somebody does.
 */
import type { OpenSlideReader } from '@coverslip/wsi/openslide.ts'

export type Reader = Pick<OpenSlideReader, 'description' | 'readLevel' | 'readJpeg' | 'close'>

export interface Readers {
  /** Lends the reader of `key` to `work`; opens it first where it is not open. */
  use<Result>(key: string, open: () => Promise<Reader>, work: (reader: Reader) => Promise<Result>): Promise<Result>
  /** Closes what is open under keys with this beginning, each once nobody works with it. */
  forget(prefix: string): void
  /** Closes all that nobody works with, and every other one afterwards. */
  close(): Promise<void>
}

interface Seat {
  reader: Promise<Reader>
  users: number
  expires: NodeJS.Timeout | undefined
}

/** @param most that are open at once: whoever comes when all are in use waits for a seat */
export function createReaders(most: number, idleMs = 60_000): Readers {
  // In the order in which they were last used. One that is forgotten while in use has lost its place here.
  const seats = new Map<string, Seat>()
  const waiting: (() => void)[] = []

  async function closeSeat(key: string, seat: Seat): Promise<void> {
    clearTimeout(seat.expires)
    if (seats.get(key) === seat) seats.delete(key)
    waiting.shift()?.()
    await seat.reader.then(reader => reader.close()).catch(() => {})
  }

  function forget(prefix: string): void {
    for (const [key, seat] of seats) {
      if (!key.startsWith(prefix)) continue
      seats.delete(key)
      if (seat.users === 0) void closeSeat(key, seat)
    }
  }

  /** The longest idle one leaves for one more; when none is idle, the caller waits. */
  async function makeRoom(): Promise<void> {
    while (seats.size >= most) {
      const idle = [...seats].find(([, { users }]) => users === 0)
      if (idle) await closeSeat(...idle)
      else await new Promise<void>(resolve => waiting.push(resolve))
    }
  }

  async function sit(key: string, open: () => Promise<Reader>): Promise<Seat> {
    while (!seats.has(key) && seats.size >= most) await makeRoom()
    const seat = seats.get(key) ?? { reader: open(), users: 0, expires: undefined }
    seat.users += 1
    clearTimeout(seat.expires)
    seats.delete(key)
    seats.set(key, seat)
    return seat
  }

  function rise(key: string, seat: Seat): void {
    seat.users -= 1
    if (seat.users > 0) return
    if (seats.get(key) !== seat) return void closeSeat(key, seat)
    seat.expires = setTimeout(() => void closeSeat(key, seat), idleMs).unref()
    waiting.shift()?.()
  }

  return {
    async use(key, open, work) {
      const seat = await sit(key, open)
      try {
        return await work(await seat.reader)
      } catch (error) {
        // A child that has crashed answers nobody any more, one that has hung is gone: the next who asks has a new one.
        if ((error as Error).name !== 'AbortError' && seats.get(key) === seat) seats.delete(key)
        throw error
      } finally {
        rise(key, seat)
      }
    },
    forget,
    async close() {
      const all = [...seats]
      seats.clear()
      await Promise.all(all.filter(([, { users }]) => users === 0).map(([key, seat]) => closeSeat(key, seat)))
    },
  }
}
