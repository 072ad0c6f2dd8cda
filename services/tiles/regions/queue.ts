/** Threads that render, and the bounded line before them. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { startThread, type Thread } from '@coverslip/wsi/threads.ts'
import type { Answer, Job } from './job.ts'

export interface RenderQueue {
  /**
   * Takes a place in the line, then has `prepare` bring what is rendered: who waits holds no pixels. What is `light` is
   * brought while the threads are still at work on something else, so that none of them waits for it.
   * @throws ServiceError `unavailable` when the line is full; the signal's reason once it is aborted
   */
  render(prepare: () => Promise<Job>, options?: { signal?: AbortSignal | undefined; light?: boolean }): Promise<Buffer>
  /** Has a picture rendered elsewhere (OpenSlide's process) in its turn. @throws as `render` */
  wait<Result>(elsewhere: () => Promise<Result>, signal?: AbortSignal): Promise<Result>
  /** Pictures in work and in the line. */
  readonly length: number
  close(): Promise<void>
}

interface Seat {
  thread: Thread<Job>
  pending: Prepared | undefined
}

/** What a thread may begin with. */
interface Prepared {
  job: Job
  resolve(bytes: Buffer): void
  reject(error: unknown): void
}

/** What a picture asks of this process before a thread has it: many pixels, a few stored tiles, or nothing. */
type Weight = 'heavy' | 'light' | 'elsewhere'

interface Place {
  weight: Weight
  take(): void
  leave(error: unknown): void
}

/**
 * @param most pictures that are rendered at once, each by a thread of its own; threads start when they are needed
 * @param line pictures that wait beyond those
 */
export function createRenderQueue(most: number, line: number): RenderQueue {
  const seats: Seat[] = []
  const free: Seat[] = []
  const prepared: Prepared[] = []
  const waiting: Place[] = []
  // Those that are prepared, or about to be, and those that are rendered.
  let working = 0
  let closed = false

  function start(): Seat {
    const seat: Seat = { thread: startThread<Job>(new URL('./worker.ts', import.meta.url), null), pending: undefined }
    const { worker } = seat.thread
    worker.unref()
    worker.on('message', (answer: Answer) => settle(seat, answer))
    const gone = (error: unknown): void => {
      seats.splice(seats.indexOf(seat), seats.includes(seat) ? 1 : 0)
      free.splice(free.indexOf(seat), free.includes(seat) ? 1 : 0)
      seat.pending?.reject(error)
      seat.pending = undefined
      if (prepared.length > 0 && seats.length < most) begin(start(), prepared.shift()!)
    }
    worker.on('error', gone)
    worker.on('exit', () => gone(new Error('a thread that renders has ended')))
    seats.push(seat)
    return seat
  }

  function begin(seat: Seat, next: Prepared): void {
    seat.pending = next
    // The process does not end while somebody waits for a picture.
    seat.thread.worker.ref()
    const { source } = next.job
    seat.thread.send(next.job, 'pixels' in source ? [] : [source.bytes.buffer, source.places.buffer])
  }

  function settle(seat: Seat, answer: Answer): void {
    const { pending } = seat
    seat.pending = undefined
    seat.thread.worker.unref()
    // The thread goes on first, then what it has made is sent.
    const next = prepared.shift()
    if (next) begin(seat, next)
    else free.push(seat)
    if ('bytes' in answer) pending?.resolve(Buffer.from(answer.bytes.buffer))
    else pending?.reject(toError(answer.failure))
  }

  const run = (job: Job, signal?: AbortSignal): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const own: Prepared = { job, resolve, reject }
      const seat = free.pop() ?? (seats.length < most ? start() : undefined)
      if (seat) {
        begin(seat, own)
        return admit()
      }
      prepared.push(own)
      leaveWith(signal, prepared, own, reject)
    })

  /** While every thread has something to do, as many again may be prepared for them; what needs none leaves them free. */
  const hasTurn = (weight: Weight): boolean =>
    working < most ||
    (weight !== 'heavy' && working < 2 * most && (weight === 'elsewhere' || seats.length - free.length === most))

  function admit(): void {
    while (waiting.length > 0 && hasTurn(waiting[0]!.weight)) {
      working += 1
      waiting.shift()!.take()
    }
  }

  /** Resolves when it is the caller's turn. */
  function turn(weight: Weight, signal?: AbortSignal): Promise<void> | undefined {
    if (waiting.length === 0 && hasTurn(weight)) {
      working += 1
      return undefined
    }
    if (working + waiting.length >= most + line)
      throw new ServiceError('unavailable', 'Too many pictures are being rendered at the moment; try again soon')
    return new Promise((resolve, reject) => {
      const place: Place = { weight, take: resolve, leave: reject }
      waiting.push(place)
      leaveWith(signal, waiting, place, reject)
    })
  }

  async function inTurn<Result>(weight: Weight, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    if (closed) throw new ServiceError('unavailable', 'The service is stopping')
    signal?.throwIfAborted()
    await turn(weight, signal)
    try {
      signal?.throwIfAborted()
      return await work()
    } finally {
      working -= 1
      admit()
    }
  }

  return {
    get length() {
      return working + waiting.length
    },
    render(prepare, { signal, light = false } = {}) {
      const renderOne = async (): Promise<Buffer> => {
        const job = await prepare()
        signal?.throwIfAborted()
        return run(job, signal)
      }
      return inTurn(light ? 'light' : 'heavy', renderOne, signal)
    },
    wait: (elsewhere, signal) => inTurn('elsewhere', elsewhere, signal),
    async close() {
      closed = true
      const stopping = new ServiceError('unavailable', 'The service is stopping')
      for (const { leave } of waiting.splice(0)) leave(stopping)
      for (const { reject } of prepared.splice(0)) reject(stopping)
      const ending = seats.map(({ thread }) => {
        thread.worker.ref()
        return thread.end()
      })
      await Promise.all(ending)
    },
  }
}

/** Whoever leaves gives up the place, where it still is one. */
function leaveWith<Kind>(
  signal: AbortSignal | undefined,
  places: Kind[],
  own: Kind,
  reject: (error: unknown) => void,
): void {
  const abort = (): void => {
    const at = places.indexOf(own)
    if (at < 0) return
    places.splice(at, 1)
    reject(signal!.reason)
  }
  signal?.addEventListener('abort', abort, { once: true })
}

function toError({ code, message }: { code: string | null; message: string }): Error {
  return code ? new SlideFileError(code as SlideFileError['code'], message) : new Error(message)
}
