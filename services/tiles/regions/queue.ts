/** Threads that render, and the bounded line before them. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { startThread, type Thread } from '@coverslip/wsi/threads.ts'
import type { Answer, Job } from './job.ts'

export interface RenderQueue {
  /**
   * Takes a place in the line, then has `prepare` bring what is rendered: who waits holds no pixels.
   * @throws ServiceError `unavailable` when the line is full; the signal's reason once it is aborted
   */
  render(prepare: () => Promise<Job>, signal?: AbortSignal): Promise<Buffer>
  /** Pictures in work and in the line. */
  readonly length: number
  close(): Promise<void>
}

interface Seat {
  thread: Thread<Job>
  pending: { resolve(bytes: Buffer): void; reject(error: unknown): void } | undefined
}

/**
 * @param most pictures that are rendered at once, each by a thread of its own; threads start when they are needed
 * @param line pictures that wait beyond those
 */
export function createRenderQueue(most: number, line: number): RenderQueue {
  const seats: Seat[] = []
  const free: Seat[] = []
  const waiting: { take(): void; leave(error: unknown): void }[] = []
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
    }
    worker.on('error', gone)
    worker.on('exit', () => gone(new Error('a thread that renders has ended')))
    seats.push(seat)
    return seat
  }

  function settle(seat: Seat, answer: Answer): void {
    const { pending } = seat
    seat.pending = undefined
    seat.thread.worker.unref()
    free.push(seat)
    if ('bytes' in answer) pending?.resolve(Buffer.from(answer.bytes.buffer))
    else pending?.reject(toError(answer.failure))
  }

  const run = (job: Job): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const seat = free.pop() ?? start()
      seat.pending = { resolve, reject }
      // The process does not end while somebody waits for a picture.
      seat.thread.worker.ref()
      const { source } = job
      seat.thread.send(job, 'pixels' in source ? [] : [source.bytes.buffer, source.places.buffer])
    })

  /** Resolves when it is the caller's turn. */
  function turn(signal?: AbortSignal): Promise<void> | undefined {
    if (working < most) {
      working += 1
      return undefined
    }
    if (waiting.length >= line)
      throw new ServiceError('unavailable', 'Too many pictures are being rendered at the moment; try again soon')
    return new Promise((resolve, reject) => {
      const place = { take: resolve, leave: reject }
      waiting.push(place)
      const abort = (): void => {
        const at = waiting.indexOf(place)
        if (at < 0) return
        waiting.splice(at, 1)
        reject(signal!.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  return {
    get length() {
      return working + waiting.length
    },
    async render(prepare, signal) {
      if (closed) throw new ServiceError('unavailable', 'The service is stopping')
      signal?.throwIfAborted()
      await turn(signal)
      try {
        signal?.throwIfAborted()
        const job = await prepare()
        signal?.throwIfAborted()
        return await run(job)
      } finally {
        // Whoever waits takes over the turn.
        const next = waiting.shift()
        if (next) next.take()
        else working -= 1
      }
    },
    async close() {
      closed = true
      const stopping = new ServiceError('unavailable', 'The service is stopping')
      for (const { leave } of waiting.splice(0)) leave(stopping)
      const ending = seats.map(({ thread }) => {
        thread.worker.ref()
        return thread.end()
      })
      await Promise.all(ending)
    },
  }
}

function toError({ code, message }: { code: string | null; message: string }): Error {
  return code ? new SlideFileError(code as SlideFileError['code'], message) : new Error(message)
}
