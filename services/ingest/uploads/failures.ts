/** Counts the requests that were to bring bytes of an upload and did not, by what an operator would ask: why. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { toServiceError } from '@coverslip/platform/errors.ts'
import type { IntakeMeter } from '../meter.ts'

export interface UploadFailures {
  /** Runs the handler of a request and counts how it failed, if it did. */
  counted(req: IncomingMessage, res: ServerResponse, handle: () => Promise<void>): Promise<void>
  /** Ends a request that must not go on. */
  cutOff(req: IncomingMessage, reason: string): void
}

/** What tus answers by itself. */
const REASONS: Readonly<Record<number, string>> = {
  404: 'not-found',
  409: 'conflict',
  410: 'not-found',
  413: 'too-large',
  415: 'unsupported',
  423: 'locked',
  503: 'unavailable',
  507: 'storage-full',
}

export function createFailures(meter: Pick<IntakeMeter, 'uploadFailed'>): UploadFailures {
  const cut = new WeakMap<IncomingMessage, string>()

  /** One that we cut off, or whose client left, has no answer worth looking at. */
  function reasonOf(req: IncomingMessage, answered: () => string | undefined): string | undefined {
    return cut.get(req) ?? (req.destroyed && !req.complete ? 'interrupted' : answered())
  }
  function count(reason: string | undefined): void {
    if (reason) meter.uploadFailed(reason)
  }

  return {
    async counted(req, res, handle) {
      try {
        await handle()
      } catch (error) {
        count(reasonOf(req, () => toServiceError(error).code))
        throw error
      }
      count(reasonOf(req, () => reasonOfStatus(res.statusCode)))
    },
    cutOff(req, reason) {
      cut.set(req, reason)
      req.destroy()
    },
  }
}

function reasonOfStatus(status: number): string | undefined {
  if (status < 400) return undefined
  return REASONS[status] ?? (status >= 500 ? 'internal' : 'invalid')
}
