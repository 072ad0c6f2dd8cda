import { useEffect, useState } from 'preact/hooks'
import type { AnnotationFeature } from '../annotations/model.ts'
import { isLocked, kindOf, layerOf, nameOf, termOf, withLock, withName } from '../annotations/model.ts'
import type { Page } from '../slide/commands.ts'
import { measuresOf } from '../slide/measures.ts'
import { KIND_NAMES } from '../slide/state.ts'
import { calibrationOf } from '../slide/units.ts'
import { IconButton } from './button.tsx'
import { TermPicker } from './term-picker.tsx'

/** What is selected: its name, layer, term and measures. Without a selection: the term that new shapes get. */
export function AnnotationEditor({ page }: { page: Page }) {
  const { state, controller, session } = page
  void session.revision.value
  const ids = state.selection.value
  const features = controller.selected()
  const [only] = ids.size === 1 ? features : []
  const shared = sharedBy(features)
  if (!state.writable && features.length === 0) return null
  return (
    <section class="editor">
      <header>
        <h2>{headline(features)}</h2>
        {only ? <EditorButtons page={page} feature={only} /> : null}
      </header>
      {only ? <NameField key={only.id} page={page} feature={only} /> : null}
      {state.writable ? (
        <TermPicker
          state={state}
          current={features.length ? shared.term : state.term.value}
          onChoose={controller.chooseTerm}
        />
      ) : null}
      {features.length && state.writable ? (
        <label class="row">
          <span>Layer</span>
          <select value={shared.layer} onChange={event => controller.chooseLayer(event.currentTarget.value)}>
            {shared.layer ? null : <option value="">(several)</option>}
            {state.layers.value.map(layer => (
              <option key={layer}>{layer}</option>
            ))}
          </select>
        </label>
      ) : null}
      {only ? <Measures page={page} feature={only} /> : null}
    </section>
  )
}

function headline(features: readonly AnnotationFeature[]): string {
  const [first] = features
  if (!first) return 'New shapes'
  return features.length === 1 ? KIND_NAMES[kindOf(first)] : `${features.length} selected`
}

/** What all of them have in common. */
function sharedBy(features: readonly AnnotationFeature[]) {
  const [first] = features
  const layer = first ? layerOf(first) : ''
  const term = first ? termOf(first) : null
  return {
    layer: features.every(feature => layerOf(feature) === layer) ? layer : '',
    term: features.every(feature => termOf(feature)?.name === term?.name) ? term : null,
  }
}

function EditorButtons({ page, feature }: { page: Page; feature: AnnotationFeature }) {
  const { controller, state } = page
  const locked = isLocked(feature)
  return (
    <>
      <IconButton icon="target" label="Show on the slide" onClick={() => controller.zoomToAnnotation(feature)} />
      <IconButton
        icon="lock"
        label={locked ? 'Unlock' : 'Lock against changes'}
        pressed={locked}
        disabled={!state.writable}
        onClick={() => controller.changeOne(feature, withLock(feature, !locked))}
      />
    </>
  )
}

function NameField({ page, feature }: { page: Page; feature: AnnotationFeature }) {
  const stored = nameOf(feature)
  const [name, setName] = useState(stored)
  useEffect(() => setName(stored), [stored])
  const save = () => {
    if (name.trim() !== stored) page.controller.changeOne(feature, withName(feature, name))
  }
  return (
    <label class="row">
      <span>Name</span>
      <input
        value={name}
        maxLength={200}
        disabled={!page.state.writable || isLocked(feature)}
        onInput={event => setName(event.currentTarget.value)}
        onBlur={save}
        onKeyDown={event => {
          if (event.key === 'Enter') event.currentTarget.blur()
        }}
      />
    </label>
  )
}

function Measures({ page, feature }: { page: Page; feature: AnnotationFeature }) {
  const mpp = calibrationOf(page.state.slide)
  const { length, area } = measuresOf(feature.geometry, mpp)
  const rows: [string, string][] = [
    ['Area', area],
    [area ? 'Perimeter' : 'Length', length],
  ]
  const shown = rows.filter(([, value]) => value)
  if (shown.length === 0) return null
  return (
    <dl class="measures">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {mpp ? null : <p class="hint">This slide is uncalibrated: its micrometres per pixel are unknown.</p>}
    </dl>
  )
}
