import type { SlideState } from '../slide/state.ts'
import { lengthText, scaleBar } from '../slide/units.ts'

const LONGEST = 150

/** True at any rotation, since a slide's pixels are (nearly) square. */
export function ScaleBar({ state }: { state: SlideState }) {
  const { mpp } = state.slide
  const perPixel = state.view.value.resolution * (mpp ?? 1)
  const { length, pixels } = scaleBar(perPixel, LONGEST)
  const label = lengthText(length, mpp !== null)
  return (
    <div class="scale-bar" role="img" aria-label={`Scale bar: ${label}${mpp ? '' : ', uncalibrated'}`}>
      <span>{label}</span>
      <i style={{ width: `${pixels}px` }} />
      {mpp ? null : <small>uncalibrated</small>}
    </div>
  )
}
