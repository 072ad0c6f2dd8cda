/** A thread that reads one grid after another; see taking.ts. */
import { parentPort } from 'node:worker_threads'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { serve } from '@coverslip/wsi/threads.ts'
import sharp from 'sharp'
import { readGrid } from './read-grid.ts'
import { packSteps, toSteps } from './steps.ts'
import type { Answer } from './taking.ts'

// libvips would start threads of its own, and keep what is read once only.
sharp.concurrency(1)
sharp.cache(false)

async function take(bytes: Uint8Array): Promise<Answer> {
  try {
    const { steps, ...grid } = toSteps(await readGrid(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
    // A copy: a part of a pool cannot be handed over.
    return { grid: { ...grid, packed: new Uint8Array(await packSteps(steps)) } }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { refused: { code: error.code, message: error.publicMessage } }
  }
}

serve<Uint8Array>(bytes => {
  void take(bytes).then(answer => parentPort?.postMessage(answer))
})
