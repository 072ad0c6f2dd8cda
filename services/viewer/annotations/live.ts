/** Changes of a slide's annotations as they happen; reconnects from the last change seen. */
import type { AnnotationFeature } from './model.ts'

export interface LiveChange {
  seq: number
  annotationId: string
  deleted: boolean
  feature: AnnotationFeature | null
}
export type LiveState = 'connecting' | 'open' | 'away' | 'signed-out' | 'gone'

export interface LiveEvents {
  changes(changes: LiveChange[]): void
  /** Something was missed: fetch the list again; answers with its counter. */
  missed(): Promise<number>
  state(state: LiveState): void
}

interface Message {
  type: string
  seq: number | string
  changes: (Omit<LiveChange, 'seq'> & { seq: number | string })[]
}

/** Sign-in ended; the slide is deleted. */
const CLOSED_SIGNED_OUT = 4401
const CLOSED_GONE = 4404
const LONGEST_WAIT = 15_000

export type Accepted = { missed: true } | { missed: false; changes: LiveChange[]; seq: number }

/**
 * What is new in a message for somebody who has seen everything up to `last`. Every change is told and counters have no
 * gaps, so one that does not follow the one before it means that something was missed; repeated ones are left out.
 */
export function accept(last: number, message: Message): Accepted {
  const changes = message.changes
    .map(change => ({ ...change, seq: Number(change.seq) }))
    .filter(change => change.seq > last)
    .sort((a, b) => a.seq - b.seq)
  const seq = Math.max(last, Number(message.seq))
  const follows = changes.every((change, i) => change.seq === last + 1 + i) && seq === last + changes.length
  if (!follows) return { missed: true }
  return { missed: false, changes, seq }
}

export const waitBefore = (attempt: number): number => Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(attempt, 10))

export interface Live {
  close(): void
}

export function openLive(slideId: string, after: number, events: LiveEvents): Live {
  let last = after
  let attempt = 0
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let closed = false
  // Messages wait for each other: a list that is being fetched again must be in before the next change is looked at.
  let turn: Promise<void> = Promise.resolve()

  function connect() {
    events.state('connecting')
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const opened = new WebSocket(`${scheme}://${location.host}/api/slides/${slideId}/live?after=${last}`)
    socket = opened
    opened.onopen = () => {
      attempt = 0
      events.state('open')
    }
    opened.onmessage = event => {
      turn = turn.then(() => handle(String(event.data))).catch(() => opened.close())
    }
    opened.onclose = event => onClose(event.code)
  }

  async function handle(data: string) {
    const message = JSON.parse(data) as Message
    if (closed || message.type !== 'changes') return
    const accepted = accept(last, message)
    if (accepted.missed) {
      last = await events.missed()
    } else {
      last = accepted.seq
      if (accepted.changes.length) events.changes(accepted.changes)
    }
  }

  function onClose(code: number) {
    if (closed) return
    if (code === CLOSED_SIGNED_OUT) return events.state('signed-out')
    if (code === CLOSED_GONE) return events.state('gone')
    events.state('away')
    timer = setTimeout(connect, waitBefore(attempt++))
  }

  connect()
  return {
    close() {
      closed = true
      clearTimeout(timer)
      socket?.close()
    },
  }
}
