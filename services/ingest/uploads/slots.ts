/** How many requests may send bytes at once: more wait with their bytes unread, for a while. */
import { ServiceError } from '@coverslip/platform/errors.ts'

export interface SlotLimits {
  total: number
  perUser: number
  /** How long a request may wait before it is sent away. */
  waitMs: number
}

export interface Slots {
  /**
   * Resolves when the user's request may go on, with what gives its slot back.
   * @throws ServiceError `too-many` when the user has too many requests, `unavailable` when everybody together has
   */
  enter(user: string, signal: AbortSignal): Promise<() => void>
}

interface Waiting {
  user: string
  goOn(): void
}

export function createSlots({ total, perUser, waitMs }: SlotLimits): Slots {
  const inWork = new Map<string, number>()
  const waiting = new Set<Waiting>()
  let busy = 0
  const of = (user: string): number => inWork.get(user) ?? 0
  const mayGo = (user: string): boolean => busy < total && of(user) < perUser

  function take(user: string): () => void {
    busy += 1
    inWork.set(user, of(user) + 1)
    let given = false
    return () => {
      if (given) return
      given = true
      busy -= 1
      if (of(user) === 1) inWork.delete(user)
      else inWork.set(user, of(user) - 1)
      for (const next of waiting) if (mayGo(next.user)) return next.goOn()
    }
  }

  return {
    async enter(user, signal) {
      if (mayGo(user)) return take(user)
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(next)
          clearTimeout(timer)
          signal.removeEventListener('abort', gone)
        }
        const next = {
          user,
          goOn: () => {
            leave()
            resolve(take(user))
          },
        }
        const gone = (): void => {
          leave()
          reject(signal.reason)
        }
        const timer = setTimeout(() => {
          leave()
          reject(of(user) >= perUser ? tooMany() : tooBusy())
        }, waitMs)
        signal.addEventListener('abort', gone)
        waiting.add(next)
      })
    },
  }
}

const tooMany = () => new ServiceError('too-many', 'You send many files at once; this one goes on in a moment')
const tooBusy = () => new ServiceError('unavailable', 'Many files are coming in; this one goes on in a moment')
