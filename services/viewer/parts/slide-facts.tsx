import type { Slide } from '@coverslip/proto/api.ts'
import { mayDownload } from '../rights.ts'
import type { SlideState } from '../slide/state.ts'
import { bytesText, magnificationOf, magnificationText, savingText } from '../slide/units.ts'
import { Icons } from './icons.tsx'

/** The facts of a slide as label and value. */
export function factsOf(slide: Slide): [string, string][] {
  const { width, height, mpp, objectivePower, sizes } = slide
  const scan = objectivePower ? `${objectivePower}x` : mpp ? magnificationText(magnificationOf(mpp, 1)) : 'unknown'
  return [
    ['Size', `${width.toLocaleString('en')} × ${height.toLocaleString('en')} px`],
    ['Resolution', mpp ? `${Number(mpp.toFixed(4))} µm/px` : 'uncalibrated'],
    ['Scanned at', scan],
    ['Format', slide.format],
    ['File', fileText(sizes)],
  ]
}

function fileText({ source, pyramid }: Slide['sizes']): string {
  if (pyramid === null) return bytesText(source)
  const saving = savingText(source, pyramid)
  return `${bytesText(source)} → ${bytesText(pyramid)}${saving ? ` (${saving})` : ''}`
}

export function SlideFacts({ state }: { state: SlideState }) {
  const { slide, user } = state
  return (
    <details class="facts" onToggle={showWhole}>
      <summary>Slide</summary>
      <dl>
        {factsOf(slide).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons compact">
        {mayDownload(user, slide.project) ? <Downloads slide={slide} /> : null}
        <a
          class="button"
          title="What de-identification removed"
          href={`/api/slides/${slide.id}/deidentification`}
          target="_blank"
          rel="noreferrer"
        >
          Report
        </a>
      </div>
    </details>
  )
}

/** What is opened at the bottom of the panel would otherwise stay out of sight. */
function showWhole({ currentTarget }: { currentTarget: HTMLDetailsElement }) {
  if (currentTarget.open) currentTarget.scrollIntoView({ block: 'nearest' })
}

function Downloads({ slide }: { slide: Slide }) {
  return (
    <>
      <a class="button" title="Download the pyramid" href={`/api/slides/${slide.id}/pyramid`} download>
        <Icons.download />
        Pyramid
      </a>
      {slide.sizes.original !== null ? (
        <a class="button" title="Download the original" href={`/api/slides/${slide.id}/original`} download>
          <Icons.download />
          Original
        </a>
      ) : null}
    </>
  )
}
