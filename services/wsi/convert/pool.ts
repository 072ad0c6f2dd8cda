import { SlideFileError } from '../errors.ts'
import { startThread, type Thread } from '../threads.ts'
import type { BlockResult } from './block.ts'
import type { BlockJob, WorkerAnswer, WorkerSetup } from './worker.ts'

export interface Pool {
  /** Runs a job on the next free worker. */
  run(job: BlockJob, options?: RunOptions): Promise<BlockResult>
  /** What has not been answered fails with `reason` at once; resolves when the workers have ended. */
  stop(reason?: unknown): Promise<void>
}

export interface RunOptions {
  /** Memory that the caller gives away. */
  transfer?: ArrayBuffer[]
  /** Before all jobs that wait. */
  urgent?: boolean
  /** Takes the memory of the job's planes back. */
  giveBack?(memory: ArrayBuffer): void
}

interface Waiting {
  job: BlockJob
  transfer: ArrayBuffer[]
  giveBack: RunOptions['giveBack'] | undefined
  resolve(result: BlockResult): void
  reject(error: unknown): void
}

/** Worker threads with one job each; the first that ends unasked fails everything that waits. */
export function createPool(size: number, setup: WorkerSetup): Pool {
  const queue: Waiting[] = []
  const busy = new Map<Thread<BlockJob>, Waiting>()
  let stopped: { reason: unknown } | undefined

  const stop = async (reason: unknown = new Error('the conversion has ended')) => {
    stopped ??= { reason }
    for (const { reject } of [...busy.values(), ...queue.splice(0)]) reject(stopped.reason)
    busy.clear()
    await Promise.all(threads.map(thread => thread.end()))
  }
  const feed = (thread: Thread<BlockJob>) => {
    const next = queue.shift()
    if (!next) return
    busy.set(thread, next)
    thread.send(next.job, next.transfer)
  }
  const start = () => {
    const thread = startThread<BlockJob>(new URL('./worker.ts', import.meta.url), setup)
    const { worker } = thread
    worker.on('message', (answer: WorkerAnswer) => {
      const waiting = busy.get(thread)
      busy.delete(thread)
      if ('result' in answer) {
        if (answer.lent) waiting?.giveBack?.(answer.lent)
        waiting?.resolve(answer.result)
      } else waiting?.reject(toError(answer.failure))
      feed(thread)
    })
    worker.on('error', error => void stop(error))
    worker.on('exit', () => {
      if (!stopped) void stop(new Error('a worker of the conversion ended'))
    })
    return thread
  }
  const threads = Array.from({ length: size }, start)

  return {
    stop,
    run: (job, { transfer = [], urgent = false, giveBack } = {}) =>
      new Promise((resolve, reject) => {
        if (stopped) return reject(stopped.reason)
        const waiting = { job, transfer, giveBack, resolve, reject }
        if (urgent) queue.unshift(waiting)
        else queue.push(waiting)
        const free = threads.find(thread => !busy.has(thread))
        if (free) feed(free)
      }),
  }
}

function toError({ code, message }: { code: SlideFileError['code'] | null; message: string }): Error {
  return code ? new SlideFileError(code, message) : new Error(message)
}
