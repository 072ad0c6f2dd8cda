import type { Slide } from '@coverslip/proto/api.ts'
import { mayDownload } from '../rights.ts'
import type { SlideState } from '../slide/state.ts'
import { bytesText, magnificationOf, magnificationText, savingText } from '../slide/units.ts'

/** The facts of a slide as label and value. */
export function factsOf(slide: Slide): [string, string][] {
  const { width, height, mpp, objectivePower, sizes } = slide
  const scan = objectivePower ? `${objectivePower}x` : mpp ? magnificationText(magnificationOf(mpp, 1)) : 'unknown'
  return [
    ['Size', `${width.toLocaleString('en')} × ${height.toLocaleString('en')} px`],
    ['Resolution', mpp ? `${Number(mpp.x.toFixed(4))} µm/px` : 'uncalibrated'],
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
    <details class="facts">
      <summary>Slide</summary>
      <dl>
        {factsOf(slide).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        {mayDownload(user, slide.project) ? <Downloads slide={slide} /> : null}
        <a class="button" href={`/api/slides/${slide.id}/deidentification`} target="_blank" rel="noreferrer">
          De-identification report
        </a>
      </div>
    </details>
  )
}

function Downloads({ slide }: { slide: Slide }) {
  return (
    <>
      <a class="button" href={`/api/slides/${slide.id}/pyramid`} download>
        Download pyramid
      </a>
      {slide.sizes.original !== null ? (
        <a class="button" href={`/api/slides/${slide.id}/original`} download>
          Download original
        </a>
      ) : null}
    </>
  )
}
