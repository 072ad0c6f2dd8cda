/**
 * Reads of a store that may hang or be away, as a NAS does: each has a moment, few are under way at once, since a hanging
 * file system keeps its threads, and after a failure the store has a rest, at whose end a single read tries it.
 */
export interface Guard {
  /** False while the store rests. */
  usable(): boolean
  /**
   * The read's result.
   * @param harmless whether an error says nothing against the store
   * @throws whatever the read throws; Error when it took too long
   */
  attempt<Result>(read: () => Promise<Result>, harmless: (error: unknown) => boolean): Promise<Result>
}

export interface GuardLimits {
  timeoutMs: number
  restMs: number
  /** Reads under way at once; libuv has four threads or a few more, and others need some of them. */
  atOnce: number
}

export function createGuard({ timeoutMs, restMs, atOnce }: GuardLimits): Guard {
  let restsUntil: number | undefined
  let trying = false
  let underway = 0
  const waiting: (() => void)[] = []

  async function turn(): Promise<void> {
    if (underway >= atOnce) await new Promise<void>(resolve => waiting.push(resolve))
    underway += 1
  }
  function turnEnds(): void {
    underway -= 1
    trying = false
    waiting.shift()?.()
  }

  return {
    usable() {
      if (restsUntil === undefined) return true
      if (trying || underway >= atOnce || performance.now() < restsUntil) return false
      trying = true
      return true
    },
    async attempt(read, harmless) {
      let late = false
      const begin = async () => {
        await turn()
        // The thread is taken until the file system answers, however long ago everybody has given up.
        return (late ? Promise.reject(new Error('nobody waits any more')) : read()).finally(turnEnds)
      }
      try {
        const result = await within(timeoutMs, begin(), () => {
          late = true
        })
        restsUntil = undefined
        return result
      } catch (error) {
        restsUntil = harmless(error) ? undefined : performance.now() + restMs
        throw error
      }
    },
  }
}

async function within<Result>(ms: number, work: Promise<Result>, onLate: () => void): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onLate()
      reject(new Error('the read took too long'))
    }, ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
