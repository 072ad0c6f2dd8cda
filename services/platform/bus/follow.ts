import { setTimeout as sleep } from 'node:timers/promises'
import { toServiceError } from '../errors.ts'
import type { BusMessage } from './port.ts'

/** Told of what nobody awaits, for the log. */
export type Report = (what: string, error: unknown) => void

const RETRY_MS = 1000

/**
 * A follower's handler that holds its place: a retryable error is tried again until it passes or the follower stops; any
 * other error is reported and the message passed over, since it would stop all that follow it.
 */
export function persistent(
  handle: (message: BusMessage) => void | Promise<void>,
  report: Report,
  stopped: () => boolean,
): (message: BusMessage) => Promise<void> {
  return async message => {
    while (!stopped()) {
      try {
        return await handle(message)
      } catch (error) {
        if (!toServiceError(error).retryable) return report('a follower failed on a message', error)
        await sleep(RETRY_MS)
      }
    }
  }
}
