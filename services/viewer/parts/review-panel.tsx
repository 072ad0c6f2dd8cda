import type { Review } from '@coverslip/proto/api/reviews.ts'
import { REVIEW_KEYS, type ReviewCommand } from '../review/keymap.ts'
import { reviewImageUrl } from '../review/remote.ts'
import { bytesText } from '../slide/units.ts'
import { Dialog } from './dialog.tsx'
import { KeyList } from './key-list.tsx'

interface ReviewPanelProps {
  review: Review
  /** Rectangles that wait to be blanked. */
  marked: number
  marking: boolean
  /** Every picture is on the screen: before that the slide cannot be approved. */
  seen: boolean
  run(command: ReviewCommand): void
  onFlag(index: number): void
  /** A picture is on the screen. */
  onPicture(image: string): void
}

/** What to look at before deciding, and the decision. */
export function ReviewPanel({ review, marked, marking, seen, run, onFlag, onPicture }: ReviewPanelProps) {
  return (
    <section class="review-panel" aria-label="Before and after">
      <Decide marked={marked} marking={marking} seen={seen} run={run} />
      <Name review={review} />
      <Images review={review} onPicture={onPicture} />
      <Flags review={review} onFlag={onFlag} />
      <Facts review={review} />
    </section>
  )
}

function Decide({ marked, marking, seen, run }: Pick<ReviewPanelProps, 'marked' | 'marking' | 'seen' | 'run'>) {
  return (
    <div class="decide">
      <button type="button" class="primary" disabled={marked > 0 || !seen} onClick={() => run({ do: 'approve' })}>
        Approve <kbd>A</kbd>
      </button>
      <button type="button" class="danger" onClick={() => run({ do: 'reject' })}>
        Reject <kbd>X</kbd>
      </button>
      <button type="button" aria-pressed={marking} onClick={() => run({ do: 'mark' })}>
        Mark <kbd>R</kbd>
      </button>
      {marked > 0 ? (
        <button type="button" onClick={() => run({ do: 'redact' })}>
          Blank {marked} <kbd>Enter</kbd>
        </button>
      ) : null}
      <button type="button" class="plain-button" onClick={() => run({ do: 'help' })}>
        Keys <kbd>?</kbd>
      </button>
    </div>
  )
}

/** What the keys of the review page do. */
export function KeysDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div class="key-list">
        <KeyList rows={REVIEW_KEYS} />
      </div>
    </Dialog>
  )
}

function Name({ review: { researchNumber, naming, revision, redacted } }: { review: Review }) {
  return (
    <div>
      <h2>{researchNumber ?? 'Slide'}</h2>
      <p class="hint">
        To be released as <code>{naming.preview}</code>
        {revision > 1 ? ` · revision ${revision}, ${redacted.length} blanked` : ''}
      </p>
      {naming.warnings.map(warning => (
        <p key={warning} class="warning">
          {warning}
        </p>
      ))}
    </div>
  )
}

const KINDS = ['label', 'macro', 'thumbnail'] as const

/** The source's own pictures beside what is left of them. */
function Images({ review, onPicture }: Pick<ReviewPanelProps, 'review' | 'onPicture'>) {
  const { id, revision, images } = review
  const shown = KINDS.filter(kind => images.some(image => image.endsWith(kind)))
  if (shown.length === 0) return <p class="hint">The source has no label, macro or thumbnail.</p>
  return (
    <table class="before-after">
      <thead>
        <tr>
          <th />
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(kind => (
          <tr key={kind}>
            <th scope="row">{kind}</th>
            {(['before', 'after'] as const).map(when => (
              <td key={when}>
                {images.some(image => image === `${when}-${kind}`) ? (
                  <img
                    src={reviewImageUrl(id, revision, `${when}-${kind}`)}
                    alt={`${kind} ${when}`}
                    onLoad={() => onPicture(`${when}-${kind}`)}
                  />
                ) : (
                  <span class="gone">{when === 'after' ? 'removed' : 'none'}</span>
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Flags({ review: { flagged, flagsNote }, onFlag }: { review: Review; onFlag(index: number): void }) {
  return (
    <div>
      <h2>{flagged.length === 0 ? 'Nothing flagged' : `${flagged.length} flagged`}</h2>
      <p class="hint">{flagsNote}</p>
      <ul class="flags">
        {flagged.map((flag, index) => (
          <li key={`${flag.kind} ${flag.x} ${flag.y}`}>
            <button type="button" onClick={() => onFlag(index)}>
              {flag.kind} <small>{Math.round(flag.score * 100)} %</small>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Facts({ review }: { review: Review }) {
  const { width, height, mpp, format, before, after, report } = review
  const counts = (report as { counts?: Record<string, number> }).counts ?? {}
  return (
    <dl class="facts">
      <Fact name="Format" value={format} />
      <Fact name="Size" value={`${width.toLocaleString('en')} × ${height.toLocaleString('en')} px`} />
      <Fact name="mpp" value={mpp ? `${Number(mpp.toFixed(4))} µm/px` : 'uncalibrated'} />
      <Fact name="File" value={`${bytesText(before.bytes)} → ${bytesText(after.bytes)}`} />
      {Object.entries(counts).map(([name, count]) => (
        <Fact key={name} name={`Removed ${name}`} value={String(count)} />
      ))}
    </dl>
  )
}

const Fact = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)
