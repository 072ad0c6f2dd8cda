import { useRef } from 'preact/hooks'
import { thumbnailUrl } from '../api.ts'
import type { Page } from '../slide/commands.ts'
import { minimapSize, screenCorners } from '../slide/minimap.ts'

const LONGEST = 200

/** The whole slide with the screen's outline; click or drag to go there. */
export function Minimap({ page }: { page: Page }) {
  const { slide, view } = page.state
  const [width, height] = minimapSize(slide, LONGEST)
  const box = useRef<HTMLDivElement>(null)
  const go = (event: PointerEvent) => {
    const { left, top } = box.current!.getBoundingClientRect()
    const at = [((event.clientX - left) / width) * slide.width, ((event.clientY - top) / height) * slide.height]
    page.slideMap.centreOn(at)
  }
  const corners = screenCorners(view.value, slide, width)
  return (
    <div
      class="minimap"
      ref={box}
      style={{ width: `${width}px`, height: `${height}px` }}
      role="img"
      aria-label="Minimap: where the screen is on the slide; click to go there"
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId)
        go(event)
      }}
      onPointerMove={event => event.buttons === 1 && go(event)}
    >
      <img src={thumbnailUrl(slide.id, 2 * LONGEST)} alt="" draggable={false} width={width} height={height} />
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <polygon points={corners.map(corner => corner.join(',')).join(' ')} />
        <circle r="2.5" cx={centre(corners, 0)} cy={centre(corners, 1)} />
      </svg>
    </div>
  )
}

const centre = (corners: [number, number][], axis: 0 | 1) => ((corners[0]?.[axis] ?? 0) + (corners[2]?.[axis] ?? 0)) / 2
