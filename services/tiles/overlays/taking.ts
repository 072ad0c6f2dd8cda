/** Reads a grid that was sent, on a thread of its own: millions of values would keep tiles waiting. */
import { type ErrorCode, ServiceError } from '@coverslip/platform/errors.ts'
import { startThread } from '@coverslip/wsi/threads.ts'
import type { Range } from './steps.ts'

export interface TakenGrid extends Range {
  columns: number
  rows: number
  /** By packSteps. */
  packed: Uint8Array
}

export type Answer = { grid: TakenGrid } | { refused: { code: ErrorCode; message: string } }

/** @throws ServiceError `invalid`, `too-large`, in words for whoever sent it */
export async function takeGrid(bytes: Buffer): Promise<TakenGrid> {
  const thread = startThread<Uint8Array>(new URL('./worker.ts', import.meta.url), null)
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      thread.worker.on('message', resolve)
      thread.worker.on('error', reject)
      thread.worker.on('exit', () => reject(new Error('the thread that reads a grid has ended')))
      thread.send(bytes)
    })
    if ('grid' in answer) return answer.grid
    throw new ServiceError(answer.refused.code, answer.refused.message)
  } finally {
    await thread.end()
  }
}
