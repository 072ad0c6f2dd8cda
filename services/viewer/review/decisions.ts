/** Decisions on slides: told to the server after a moment in which they can be taken back. A release cannot be. */
import { signal } from '@preact/signals'

export interface Decision {
  id: string
  /** What the reviewer looked at; the server refuses the decision when that is no longer what there is. */
  revision: number
  decision: 'approve' | 'reject'
  reason?: string
}

interface Options {
  /** Milliseconds in which a decision can be taken back. */
  delay: number
  send(decision: Decision): Promise<void>
  /** The server did not take it: the slide goes on waiting. */
  refused(decision: Decision, error: unknown): void
}

export function createDecisions({ delay, send, refused }: Options) {
  /** Slides that are decided on, whether the server knows it yet or not. */
  const decided = signal<readonly Decision[]>([])
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const forget = (id: string) => {
    decided.value = decided.value.filter(one => one.id !== id)
  }
  const tell = (decision: Decision) => {
    timers.delete(decision.id)
    send(decision).catch(error => {
      forget(decision.id)
      refused(decision, error)
    })
  }
  return {
    decided,
    /** A page that is closed before the moment is over has decided nothing: the slide goes on waiting. */
    decide(decision: Decision) {
      if (decided.value.some(one => one.id === decision.id)) return
      decided.value = [...decided.value, decision]
      timers.set(
        decision.id,
        setTimeout(() => tell(decision), delay),
      )
    },
    /** @returns the latest decision that could still be taken back */
    takeBack(): Decision | undefined {
      const last = decided.value.findLast(one => timers.has(one.id))
      if (!last) return undefined
      clearTimeout(timers.get(last.id))
      timers.delete(last.id)
      forget(last.id)
      return last
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}
