import type { OverlayView } from '@coverslip/proto/api/overlays.ts'
import { PALETTE_NAMES, type Palette } from '@coverslip/proto/api/palettes.ts'
import { endsOf, gradientOf, type OverlayLook } from '../overlays/looks.ts'
import type { Page } from '../slide/commands.ts'
import { lookOf } from '../slide/state.ts'
import { IconButton } from './button.tsx'

/** The heat maps over the slide, where there are any: which are shown, and in which colours. */
export function HeatMaps({ page: { state } }: { page: Page }) {
  const overlays = state.overlays.value
  if (overlays.length === 0) return null
  const change = (id: string, change: Partial<OverlayLook>) => {
    state.looks.value = new Map(state.looks.value).set(id, { ...lookOf(state, id), ...change })
  }
  return (
    <section>
      <header>
        <h2>Heat maps</h2>
      </header>
      <ul class="heat-maps">
        {overlays.map(overlay => (
          <HeatMap
            key={overlay.id}
            overlay={overlay}
            look={lookOf(state, overlay.id)}
            onChange={changed => change(overlay.id, changed)}
          />
        ))}
      </ul>
    </section>
  )
}

interface HeatMapProps {
  overlay: OverlayView
  look: OverlayLook
  onChange(change: Partial<OverlayLook>): void
}

function HeatMap({ overlay, look, onChange }: HeatMapProps) {
  const { name } = overlay
  return (
    <li>
      <div class="heat-map">
        <span class="grow">{name}</span>
        <IconButton
          icon={look.shown ? 'eye' : 'eyeOff'}
          label={look.shown ? `Hide heat map ${name}` : `Show heat map ${name}`}
          pressed={look.shown}
          onClick={() => onChange({ shown: !look.shown })}
        />
      </div>
      {look.shown ? (
        <>
          <Legend overlay={overlay} palette={look.palette} />
          <div class="looks">
            <label>
              Opacity
              <input
                type="range"
                min="0.1"
                max="1"
                step="0.05"
                value={look.opacity}
                onInput={event => onChange({ opacity: Number(event.currentTarget.value) })}
              />
            </label>
            <label>
              Colours
              <select
                value={look.palette}
                onChange={event => onChange({ palette: event.currentTarget.value as Palette })}
              >
                {PALETTE_NAMES.map(palette => (
                  <option key={palette}>{palette}</option>
                ))}
              </select>
            </label>
          </div>
        </>
      ) : null}
    </li>
  )
}

/** What the colours mean. */
function Legend({ overlay, palette }: { overlay: OverlayView; palette: Palette }) {
  const [low, high] = endsOf(overlay)
  return (
    <div class="legend">
      <small>{low}</small>
      <i style={{ backgroundImage: gradientOf(palette) }} />
      <small>{high}</small>
    </div>
  )
}
