/** The slides that wait for a person, and the one that is looked at. */
import type { Review, ReviewSummary } from '@coverslip/proto/api/reviews.ts'
import { computed, signal } from '@preact/signals'
import { messageOf, signedIn } from '../api.ts'
import { createDecisions, type Decision } from './decisions.ts'
import type { Rectangle } from './map.ts'
import { reviews } from './remote.ts'

const LOOK_EVERY = 5000
const TAKE_BACK = 5000

export type ReviewQueue = ReturnType<typeof createReviewQueue>

export function createReviewQueue(say: (text: string, shownFor?: number) => void) {
  const found = signal<readonly ReviewSummary[]>([])
  /** How many wait in all, as the server last said; the list may show the first of them. */
  const told = signal(0)
  const current = signal<Review | null>(null)
  const failure = signal('')
  const loaded = signal(false)
  const decisions = createDecisions({
    delay: TAKE_BACK,
    send: async ({ id, ...decision }) => {
      await signedIn(reviews.decide(id, decision))
    },
    refused: (_, error) => say(`The decision was not taken: ${messageOf(error)}`),
  })
  const waiting = computed(() => {
    const decided = new Set(decisions.decided.value.map(({ id, revision }) => `${id} ${revision}`))
    return found.value.filter(({ id, revision }) => !decided.has(`${id} ${revision}`))
  })
  /** Without those that were decided on since. */
  const total = computed(() => Math.max(0, told.value - (found.value.length - waiting.value.length)))
  const known = new Map<string, Promise<Review>>()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function look() {
    clearTimeout(timer)
    try {
      const [open, redacting] = await Promise.all([
        signedIn(reviews.list('waiting')),
        signedIn(reviews.list('redacting')),
      ])
      found.value = [...open.reviews, ...redacting.reviews]
      told.value = open.waiting
      failure.value = ''
    } catch (error) {
      failure.value = messageOf(error)
    }
    loaded.value = true
    await refresh()
    if (!document.hidden) timer = setTimeout(look, LOOK_EVERY)
  }

  /** Keeps the open slide while it waits in the same revision; else goes on to the next one. */
  async function refresh() {
    const open = current.value
    const listed = waiting.value.find(({ id }) => id === open?.id)
    if (open && listed?.revision === open.revision && listed.state === 'waiting') return
    const next = listed?.state === 'waiting' ? listed : waiting.value.find(({ state }) => state === 'waiting')
    if (next) await openReview(next.id)
    else current.value = null
  }

  const fetchReview = ({ id, revision }: Pick<ReviewSummary, 'id' | 'revision'>): Promise<Review> => {
    const key = `${id} ${revision}`
    const promise = known.get(key) ?? signedIn(reviews.one(id))
    known.set(key, promise)
    promise.catch(() => known.delete(key))
    return promise
  }

  async function openReview(id: string) {
    const listed = waiting.value.find(one => one.id === id)
    if (listed?.state !== 'waiting') return
    try {
      current.value = await fetchReview(listed)
      failure.value = ''
    } catch (error) {
      failure.value = messageOf(error)
    }
    const ahead = neighbour(1)
    // The next slide is there before it is asked for.
    if (ahead) fetchReview(ahead).catch(() => {})
  }

  function neighbour(by: 1 | -1): ReviewSummary | undefined {
    const open = waiting.value.filter(({ state }) => state === 'waiting')
    const at = open.findIndex(({ id }) => id === current.value?.id)
    return open[at + by] ?? (by === 1 && at < 0 ? open[0] : undefined)
  }

  return {
    waiting,
    total,
    current,
    failure,
    loaded,
    open: (id: string) => void openReview(id),
    step(by: 1 | -1) {
      const next = neighbour(by)
      if (next) void openReview(next.id)
    },
    decide(decision: Decision['decision'], reason?: string) {
      const review = current.value
      if (!review) return
      const next = neighbour(1) ?? neighbour(-1)
      decisions.decide({ id: review.id, revision: review.revision, decision, ...(reason && { reason }) })
      const said = decision === 'approve' ? 'Approved' : 'Rejected'
      say(
        `${said} ${review.researchNumber ?? 'the slide'}. Z takes it back for ${TAKE_BACK / 1000} seconds.`,
        TAKE_BACK,
      )
      if (next) void openReview(next.id)
      else current.value = null
    },
    takeBack() {
      const last = decisions.takeBack()
      if (last) void openReview(last.id)
      say(last ? 'The decision was taken back.' : 'There is no decision that could still be taken back.')
    },
    async redact(regions: readonly Rectangle[]) {
      const review = current.value
      if (!review || regions.length === 0) return
      try {
        await signedIn(reviews.redact(review.id, review.revision, regions))
        say('The marked rectangles are being blanked; the slide comes back for review.')
        await look()
      } catch (error) {
        say(`Nothing was blanked: ${messageOf(error)}`)
      }
    },
    start() {
      const shown = () => !document.hidden && void look()
      document.addEventListener('visibilitychange', shown)
      void look()
      return () => {
        document.removeEventListener('visibilitychange', shown)
        clearTimeout(timer)
        decisions.close()
      }
    },
  }
}
