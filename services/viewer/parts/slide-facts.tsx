import type { QualityReport } from '@coverslip/proto/api/quality.ts'
import type { Slide } from '@coverslip/proto/api.ts'
import type { TargetedEvent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../api.ts'
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

/** How near the pyramid is to its source, and what it took to make it. */
function qualityOf({ levels, coding, seconds, energy }: QualityReport): [string, string][] {
  const [finest] = levels
  const { computing, moving } = energy.wattHours
  return [
    ...(coding ? [['Coding', `JPEG Q ${coding.quality}, ${coding.subsampling}`] as [string, string]] : []),
    ...(finest
      ? [['Likeness', `SSIM ${finest.ssim.toFixed(3)}, ${finest.psnr.toFixed(1)} dB`] as [string, string]]
      : []),
    ['Made in', `${seconds.wall.toFixed(1)} s (${seconds.cpu.toFixed(1)} CPU s)`],
    ['Energy, estimated', `${(computing + moving).toPrecision(2)} Wh`],
  ]
}

export function SlideFacts({ state }: { state: SlideState }) {
  const { slide, user } = state
  const [quality, setQuality] = useState<readonly [string, string][] | null>(null)
  const details = useRef<HTMLDetailsElement>(null)
  // What is opened at the bottom of the panel would otherwise stay out of sight.
  const showWhole = () => details.current?.scrollIntoView({ block: 'end' })
  useEffect(() => {
    if (quality) showWhole()
  }, [quality])
  const opened = (event: TargetedEvent<HTMLDetailsElement>) => {
    if (event.currentTarget.open) showWhole()
    // The facts stand without it: a slide of a former version has no report.
    if (event.currentTarget.open && !quality)
      api.quality(slide.id).then(
        found => setQuality(qualityOf(found)),
        () => setQuality([]),
      )
  }
  return (
    <details class="facts" ref={details} onToggle={opened}>
      <summary>Slide</summary>
      <dl>
        {[...factsOf(slide), ...(quality ?? [])].map(([name, value]) => (
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
          href={`/api/slides/${slide.id}/deidentification/page`}
          target="_blank"
          rel="noreferrer"
        >
          Report
        </a>
      </div>
    </details>
  )
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
