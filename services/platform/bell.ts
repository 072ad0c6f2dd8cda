/** A bell that a loop sleeps on; a ring while the loop is busy is not lost. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring, or at one since the last wait, or after `ms`. */
  wait(ms?: number): Promise<void>
}

const LONGEST_MS = 2 ** 31 - 1

export function bell(): Bell {
  let rung = false
  let wake: (() => void) | undefined
  return {
    ring() {
      rung = true
      wake?.()
    },
    async wait(ms) {
      if (!rung) {
        await new Promise<void>(resolve => {
          const timer = ms === undefined ? undefined : setTimeout(resolve, Math.min(ms, LONGEST_MS))
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      wake = undefined
      rung = false
    },
  }
}
