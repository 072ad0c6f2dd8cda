import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { parentPort, Worker } from 'node:worker_threads'

/** What a thread is sent to end it; nothing else that is sent is null. */
const END = null

export interface Thread<Job> {
  worker: Worker
  send(job: Job, transfer?: ArrayBuffer[]): void
  /** Resolves when the thread is gone, after the jobs that it was sent. */
  end(): Promise<void>
}

/**
 * Starts a thread whose file calls `serve`. It is never ended by `terminate()`: on a thread that loads koffi or is
 * inside a call of it, that ends the whole process ("FATAL ERROR: Error::ThrowAsJavaScriptException napi_throw", since
 * node-addon-api cannot throw into a thread that is being terminated). It ends by itself instead, between two jobs.
 */
export function startThread<Job>(file: URL, workerData: unknown): Thread<Job> {
  // Without the parent's own options: `node --input-type=module -e …` would not start a worker from a file.
  // biome-ignore lint/style/noProcessEnv: handed on, not read
  const worker = new Worker(file, { workerData, execArgv: [], env: { ...process.env, ...compileCache() } })
  const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
  return {
    worker,
    send: (job, transfer = []) => worker.postMessage(job, transfer),
    end: () => {
      worker.postMessage(END)
      return gone
    },
  }
}

/** A thread compiles its modules anew, types stripped, unless it is told where this one keeps what it has compiled. */
function compileCache(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir()
  // Node adds its version's folder itself.
  return folder ? { NODE_COMPILE_CACHE: dirname(folder) } : {}
}

/** The other side: does each job that is sent, until the thread is asked to end. */
export function serve<Job>(handle: (job: Job) => void): void {
  parentPort?.on('message', (job: Job | typeof END) => (job === END ? process.exit() : handle(job)))
}
