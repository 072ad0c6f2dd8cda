/** A thread that renders pictures, so that tiles never wait for one. */
import { parentPort } from 'node:worker_threads'
import { serve } from '@coverslip/wsi/threads.ts'
import { encodeYuvShared } from '@coverslip/wsi/turbojpeg.ts'
import sharp from 'sharp'
import { QUALITY } from '../formats.ts'
import { finish, isPlainJpeg } from './finish.ts'
import type { Answer, Job } from './job.ts'
import { createPainter } from './paint.ts'
import { createPlanePainter } from './paint-planes.ts'

/** Decoded tiles that each thread keeps: about a hundred. */
const ROOM = 16 * 1024 * 1024
/** A larger picture goes over RGB. */
const LARGEST_CANVAS = 4 * 1024 * 1024

// There are as many threads as pictures may be in work; libvips would start its own for each.
sharp.concurrency(1)
sharp.cache(false)
const painter = createPainter(ROOM)
const planePainter = createPlanePainter(LARGEST_CANVAS)

async function render(job: Job): Promise<Answer> {
  try {
    // A copy: memory of libvips, or a part of a pool, cannot be handed over to another thread.
    return { bytes: new Uint8Array(encodePlanes(job) ?? (await finish(painter.paint(job), job.crop, job))) }
  } catch (error) {
    const { code, publicMessage } = error as { code?: string; publicMessage?: string }
    const known = typeof publicMessage === 'string' && typeof code === 'string'
    return { failure: { code: known ? code : null, message: (error as Error).message } }
  }
}

/** The quick way to a JPEG; null where there is none. */
function encodePlanes(job: Job): Uint8Array | null {
  const { size } = job.picture
  const planes = isPlainJpeg(job) ? planePainter.paint(job, size) : null
  return planes && encodeYuvShared(planes, size.width, size.height, { quality: QUALITY })
}

serve<Job>(job => {
  void render(job).then(answer => {
    parentPort?.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer] : [])
  })
})
