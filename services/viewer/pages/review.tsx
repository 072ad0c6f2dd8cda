import 'ol/ol.css'
import '../style/viewer.css'
import '../style/review.css'
import type { Review } from '@coverslip/proto/api/reviews.ts'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Icons } from '../parts/icons.tsx'
import { NoticeList } from '../parts/notice-list.tsx'
import { newNotices } from '../parts/notices.ts'
import { RejectDialog } from '../parts/reject-dialog.tsx'
import { KeysDialog, ReviewPanel } from '../parts/review-panel.tsx'
import { commandFor, type ReviewCommand } from '../review/keymap.ts'
import { createReviewMap, type Rectangle, type ReviewMap } from '../review/map.ts'
import { createReviewQueue, type ReviewQueue } from '../review/queue.ts'
import { magnificationText, resolutionFor } from '../slide/units.ts'
import { isTyping } from '../tools/keymap.ts'

/** Magnifications of the keys 1 to 6. */
const PRESETS = [1.25, 2.5, 5, 10, 20, 40]
const MARKED = 'Rectangles are marked: Enter blanks them, Backspace takes one back. Then the slide can be approved.'

/** The server takes no approval of what was not shown. */
const UNSEEN = 'The pictures are still on their way; look at them first.'

/** Slides that wait for a person: before and after, the tissue at any magnification, and two keys to decide. */
export function ReviewPage() {
  const notices = useMemo(newNotices, [])
  const queue = useMemo(() => createReviewQueue((text, shownFor) => notices.show(text, [], shownFor)), [notices])
  useEffect(queue.start, [queue])
  useEffect(() => {
    document.title = 'Review · Coverslip'
  }, [])
  const review = queue.current.value
  return (
    <div class="viewer review">
      <header class="top-bar">
        <a class="home" href="/" title="All slides">
          <Icons.back />
          Slides
        </a>
        <h1>Review</h1>
        <span class="badge">{queue.total.value} waiting</span>
        <span class="grow" />
        {queue.failure.value ? <span class="reason">{queue.failure.value}</span> : null}
      </header>
      <div class="stage">
        {review ? (
          <OneReview
            key={`${review.id} ${review.revision}`}
            review={review}
            queue={queue}
            say={text => notices.show(text)}
          />
        ) : (
          <Nothing queue={queue} />
        )}
        <NoticeList notices={notices} />
      </div>
      <aside class="panel" aria-label="Slide under review">
        <WaitingList queue={queue} />
      </aside>
    </div>
  )
}

function Nothing({ queue }: { queue: ReviewQueue }) {
  const redacting = queue.waiting.value.some(({ state }) => state === 'redacting')
  if (!queue.loaded.value) return <p class="nothing">Loading…</p>
  return (
    <p class="nothing">{redacting ? 'A slide is being blanked; it comes back here.' : 'No slide waits for review.'}</p>
  )
}

function WaitingList({ queue }: { queue: ReviewQueue }) {
  const list = queue.waiting.value
  return (
    <section class="waiting">
      <h2>Waiting</h2>
      <ul>
        {list.map(one => (
          <li key={one.id}>
            <button
              type="button"
              aria-pressed={one.id === queue.current.value?.id}
              disabled={one.state !== 'waiting'}
              onClick={() => queue.open(one.id)}
            >
              <span class="grow">{one.researchNumber ?? one.id.slice(0, 8)}</span>
              {one.state === 'redacting' ? <small>being blanked</small> : null}
              {one.flags > 0 ? <span class="tag held">{one.flags} flagged</span> : null}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface OneReviewProps {
  review: Review
  queue: ReviewQueue
  say(text: string): void
}
function OneReview({ review, queue, say }: OneReviewProps) {
  const canvas = useRef<HTMLElement>(null)
  const map = useRef<ReviewMap | null>(null)
  const [marked, setMarked] = useState<readonly Rectangle[]>([])
  const [marking, setMarking] = useState(false)
  const [rejecting, setRejecting] = useState(false)
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set())
  const [help, setHelp] = useState(false)
  const flag = useRef(-1)
  const seen = review.images.every(image => shown.has(image))
  useEffect(() => {
    map.current = createReviewMap(review, canvas.current!, rectangle => setMarked(list => [...list, rectangle]))
    return () => map.current?.close()
  }, [review])
  useEffect(() => map.current?.setMarked(marked), [marked])
  useEffect(() => {
    if (marking) map.current?.startMarking()
    else map.current?.stopMarking()
  }, [marking])

  function showFlag(index: number) {
    flag.current = index
    const flagged = review.flagged[index]
    if (flagged) map.current?.show(flagged)
  }
  function run(command: ReviewCommand) {
    const at = map.current
    switch (command.do) {
      case 'approve':
        if (marked.length > 0) return say(MARKED)
        return seen ? queue.decide('approve') : say(UNSEEN)
      case 'reject':
        return setRejecting(true)
      case 'help':
        return setHelp(!help)
      case 'take-back':
        return queue.takeBack()
      case 'next':
        return queue.step(command.by)
      case 'flag':
        return review.flagged.length > 0 ? showFlag((flag.current + 1) % review.flagged.length) : undefined
      case 'mark':
        return setMarking(!marking)
      case 'unmark':
        return setMarked(marked.slice(0, -1))
      case 'redact':
        return marked.length > 0 ? void queue.redact(marked) : say('Mark what is to be blanked first: R.')
      case 'cancel':
        return setMarking(false)
      case 'home':
        return at?.home()
      case 'zoom':
        return at?.zoomBy(command.by)
      case 'pan':
        return at?.panBy(command.x, command.y)
      case 'preset':
        return at?.zoomTo(presetResolution(review, command.index))
    }
  }
  useKeys(run)
  return (
    <>
      <main
        class={marking ? 'canvas drawing' : 'canvas'}
        ref={canvas}
        aria-label={`Slide ${review.researchNumber ?? ''} after de-identification`}
      />
      <nav class="bar zoom-bar" aria-label="Magnification">
        {PRESETS.map((magnification, index) => (
          <button
            type="button"
            key={magnification}
            title={`Key ${index + 1}`}
            onClick={() => run({ do: 'preset', index })}
          >
            {review.mpp ? magnificationText(magnification) : `1:${2 ** (PRESETS.length - 1 - index)}`}
          </button>
        ))}
        <button type="button" title="Whole slide (0)" onClick={() => run({ do: 'home' })}>
          All
        </button>
      </nav>
      <ReviewPanel
        review={review}
        marked={marked.length}
        marking={marking}
        seen={seen}
        run={run}
        onFlag={showFlag}
        onPicture={image => setShown(seen => new Set(seen).add(image))}
      />
      {help ? <KeysDialog onClose={() => setHelp(false)} /> : null}
      {rejecting ? (
        <RejectDialog
          onClose={() => setRejecting(false)}
          onReject={reason => {
            setRejecting(false)
            queue.decide('reject', reason)
          }}
        />
      ) : null}
    </>
  )
}

function presetResolution({ mpp }: Review, index: number): number {
  return mpp ? resolutionFor(mpp, PRESETS[index] ?? 20) : 2 ** (PRESETS.length - 1 - index)
}

function useKeys(run: (command: ReviewCommand) => void) {
  const latest = useRef(run)
  latest.current = run
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      // A slide is not decided on behind a dialog.
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return
      const onButton = event.target instanceof HTMLElement && event.target.closest('button, a') !== null
      if (event.key === 'Enter' && onButton) return
      const command = commandFor(event)
      if (!command) return
      event.preventDefault()
      latest.current(command)
    }
    window.addEventListener('keydown', down)
    return () => window.removeEventListener('keydown', down)
  }, [])
}
