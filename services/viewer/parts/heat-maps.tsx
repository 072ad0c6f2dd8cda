import type { OverlayView } from '@coverslip/proto/api/overlays.ts'
import { PALETTE_NAMES, type Palette } from '@coverslip/proto/api/palettes.ts'
import { useState } from 'preact/hooks'
import { ApiError, messageOf } from '../api.ts'
import { endsOf, FIRST_LOOK, gradientOf, type OverlayLook } from '../overlays/looks.ts'
import { deleteOverlay, layOverlay } from '../overlays/remote.ts'
import type { Page } from '../slide/commands.ts'
import { lookOf, type SlideState } from '../slide/state.ts'
import { IconButton } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { NewHeatMap } from './new-heat-map.tsx'

/** The heat maps over the slide: which are shown, and in which colours. Who may draw may lay and delete them. */
export function HeatMaps({ page: { state } }: { page: Page }) {
  const [adding, setAdding] = useState(false)
  const [leaving, setLeaving] = useState<OverlayView | null>(null)
  const overlays = state.overlays.value
  if (overlays.length === 0 && !state.writable) return null
  const change = (id: string, change: Partial<OverlayLook>) => {
    state.looks.value = new Map(state.looks.value).set(id, { ...lookOf(state, id), ...change })
  }
  return (
    <section>
      <header>
        <h2>Heat maps</h2>
        {state.writable ? (
          <IconButton
            icon={adding ? 'close' : 'plus'}
            label={adding ? 'No new heat map' : 'New heat map'}
            onClick={() => setAdding(!adding)}
          />
        ) : null}
      </header>
      {overlays.length > 0 ? (
        <ul class="heat-maps">
          {overlays.map(overlay => (
            <HeatMap
              key={overlay.id}
              overlay={overlay}
              look={lookOf(state, overlay.id)}
              onChange={changed => change(overlay.id, changed)}
              onDelete={state.writable ? () => setLeaving(overlay) : null}
            />
          ))}
        </ul>
      ) : null}
      {adding ? (
        <NewHeatMap onFile={(name, file) => lay(state, { name, file }).then(laid => setAdding(!laid))} />
      ) : null}
      {leaving ? (
        <DeleteDialog
          name={leaving.name}
          onDelete={() => void remove(state, leaving)}
          onClose={() => setLeaving(null)}
        />
      ) : null}
    </section>
  )
}

/** Whoever lays one wants to see it. @returns whether it worked */
async function lay(state: SlideState, { name, file }: { name: string; file: File }): Promise<boolean> {
  try {
    const overlay = await layOverlay(state.slide.id, name, file)
    state.looks.value = new Map(state.looks.value).set(overlay.id, { ...FIRST_LOOK, shown: true })
    state.overlays.value = [...state.overlays.value, overlay]
    return true
  } catch (error) {
    state.notices.show(`No heat map was laid: ${messageOf(error)}`)
    return false
  }
}

async function remove(state: SlideState, { id, name }: OverlayView): Promise<void> {
  try {
    await deleteOverlay(state.slide.id, id)
  } catch (error) {
    // Somebody else was faster.
    const gone = error instanceof ApiError && error.status === 404
    if (!gone) return state.notices.show(`${name} is still there: ${messageOf(error)}`)
  }
  state.overlays.value = state.overlays.value.filter(overlay => overlay.id !== id)
}

function DeleteDialog({ name, onDelete, onClose }: { name: string; onDelete(): void; onClose(): void }) {
  return (
    <Dialog title={`Delete ${name}?`} onClose={onClose}>
      <p>The heat map goes for everybody, and does not come back.</p>
      <div class="buttons">
        <button
          type="button"
          class="danger"
          onClick={() => {
            onDelete()
            onClose()
          }}
        >
          Delete
        </button>
        <button type="button" onClick={onClose}>
          Keep
        </button>
      </div>
    </Dialog>
  )
}

interface HeatMapProps {
  overlay: OverlayView
  look: OverlayLook
  onChange(change: Partial<OverlayLook>): void
  onDelete: (() => void) | null
}

function HeatMap({ overlay, look, onChange, onDelete }: HeatMapProps) {
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
        {onDelete ? <IconButton icon="trash" label={`Delete heat map ${name}`} onClick={onDelete} /> : null}
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
