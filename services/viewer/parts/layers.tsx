import { useState } from 'preact/hooks'
import type { Page } from '../slide/commands.ts'
import { IconButton } from './button.tsx'

/** The layers of the slide: which one new shapes go to, which are shown, and how. */
export function Layers({ page }: { page: Page }) {
  const { state } = page
  const [adding, setAdding] = useState(false)
  const toggle = (layer: string) => {
    const hidden = new Set(state.hiddenLayers.value)
    if (!hidden.delete(layer)) hidden.add(layer)
    state.hiddenLayers.value = hidden
  }
  return (
    <section>
      <header>
        <h2>Layers</h2>
        {state.writable ? (
          <IconButton
            icon={adding ? 'close' : 'plus'}
            label={adding ? 'No new layer' : 'New layer'}
            onClick={() => setAdding(!adding)}
          />
        ) : null}
        <IconButton
          icon={state.allHidden.value ? 'eyeOff' : 'eye'}
          label={state.allHidden.value ? 'Show all annotations' : 'Hide all annotations'}
          keys="A"
          pressed={state.allHidden.value}
          onClick={() => {
            state.allHidden.value = !state.allHidden.value
          }}
        />
      </header>
      <ul class="layers">
        {state.layers.value.map(layer => {
          const hidden = state.hiddenLayers.value.has(layer)
          return (
            <li key={layer} class={hidden ? 'dimmed' : ''}>
              <label title="New shapes go to this layer">
                <input
                  type="radio"
                  name="layer"
                  checked={state.layer.value === layer}
                  onChange={() => {
                    state.layer.value = layer
                  }}
                />
                <span class="grow">{layer}</span>
              </label>
              <small>{state.found.value.layers.get(layer) ?? 0}</small>
              <IconButton
                icon={hidden ? 'eyeOff' : 'eye'}
                label={hidden ? `Show layer ${layer}` : `Hide layer ${layer}`}
                pressed={hidden}
                onClick={() => toggle(layer)}
              />
            </li>
          )
        })}
      </ul>
      {adding ? (
        <NewLayer
          onAdd={layer => {
            addLayer(page, layer)
            setAdding(false)
          }}
        />
      ) : null}
      <div class="looks">
        <label>
          Opacity
          <input
            type="range"
            min="0.1"
            max="1"
            step="0.05"
            value={state.opacity.value}
            onInput={event => {
              state.opacity.value = Number(event.currentTarget.value)
            }}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={state.outlineOnly.value}
            onChange={event => {
              state.outlineOnly.value = event.currentTarget.checked
            }}
          />
          Outline only
        </label>
      </div>
    </section>
  )
}

function addLayer({ state }: Page, layer: string) {
  if (!state.layers.value.includes(layer)) state.ownLayers.value = [...state.ownLayers.value, layer]
  state.layer.value = layer
}

function NewLayer({ onAdd }: { onAdd(layer: string): void }) {
  const [name, setName] = useState('')
  return (
    <form
      class="inline"
      onSubmit={event => {
        event.preventDefault()
        if (name.trim()) onAdd(name.trim())
      }}
    >
      <input
        aria-label="Name of a new layer"
        placeholder="New layer"
        maxLength={100}
        value={name}
        ref={input => input?.focus()}
        onInput={event => setName(event.currentTarget.value)}
      />
      <button type="submit" disabled={!name.trim()}>
        Add
      </button>
    </form>
  )
}
