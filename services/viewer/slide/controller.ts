/** Binds the page's state, the map and the annotations together: everything that buttons and keys can do to them. */
import { effect } from '@preact/signals'
import type Feature from 'ol/Feature.js'
import type Draw from 'ol/interaction/Draw.js'
import type MapBrowserEvent from 'ol/MapBrowserEvent.js'
import { boxOf, isBoxShape } from '../annotations/geometry.ts'
import type { AnnotationFeature, Geometry, Term } from '../annotations/model.ts'
import { isLocked, newFeature, UNCLASSIFIED, withMetadata, withTerm } from '../annotations/model.ts'
import type { AnnotationSession, Applied } from '../annotations/session.ts'
import { newId } from '../id.ts'
import { createDraw } from '../tools/draw.ts'
import { createEditing } from '../tools/edit.ts'
import { createHandles } from '../tools/handles.ts'
import type { DrawTool } from '../tools/keymap.ts'
import { createAnnotationLayer, toOl } from './annotation-layer.ts'
import type { SlideMap } from './map.ts'
import type { SlideState } from './state.ts'
import { isVisible } from './state.ts'

export type Controller = ReturnType<typeof createController>

export function createController(state: SlideState, slideMap: SlideMap, session: AnnotationSession) {
  const { map } = slideMap
  const shapes = createAnnotationLayer(state)
  const { panning } = slideMap
  const commit = (changes: readonly { before: AnnotationFeature; after: AnnotationFeature }[]) =>
    session.change(changes.map(({ before, after }) => ({ id: before.id, before, after })))
  const handles = createHandles({
    panning,
    preview: (id, geometry) => shapes.shape(id)?.setGeometry(toOl(geometry)),
    done: (before, after) => commit([{ before, after }]),
  })
  const editing = createEditing({ panning, done: commit })
  let draw: Draw | null = null

  const selected = (): AnnotationFeature[] =>
    [...state.selection.value].map(id => session.features.get(id)).filter(feature => feature !== undefined)
  const changeable = () => (state.writable ? selected().filter(feature => !isLocked(feature)) : [])
  const select = (ids: Iterable<string>) => {
    state.selection.value = new Set(ids)
  }

  function showEditing() {
    const visible = changeable().filter(feature => isVisible(state, feature))
    const idle = state.tool.value === 'select'
    const free = idle ? visible.filter(feature => !isBoxShape(feature)).map(feature => shapes.shape(feature.id)) : []
    editing.show(free.filter((shape): shape is Feature => shape !== null))
    handles.show(idle && visible.length === 1 ? (visible[0] ?? null) : null)
  }

  function drawn(geometry: Geometry) {
    const kind = state.tool.value as DrawTool
    const feature = newFeature({ id: newId(), geometry, kind, layer: state.layer.value, term: state.term.value })
    session.change([{ id: feature.id, before: null, after: feature }])
    select([feature.id])
  }

  function useTool() {
    if (draw) map.removeInteraction(draw)
    const tool = state.tool.value
    state.drawing.value = false
    map.getTargetElement()?.classList.toggle('drawing', tool !== 'select')
    draw =
      tool === 'select'
        ? null
        : createDraw(tool, {
            panning,
            resolution: () => state.view.peek().resolution,
            color: () => state.term.peek()?.color ?? UNCLASSIFIED,
            drawing: active => {
              state.drawing.value = active
            },
            drawn,
          })
    if (draw) map.addInteraction(draw)
  }

  function click(event: MapBrowserEvent) {
    if (state.tool.value !== 'select' || panning()) return
    const pointer = event.originalEvent as PointerEvent
    const id = shapes.pick(map, event.pixel)
    if (!pointer.ctrlKey && !pointer.metaKey && !pointer.shiftKey) return select(id ? [id] : [])
    if (!id) return
    const next = new Set(state.selection.value)
    if (!next.delete(id)) next.add(id)
    select(next)
  }

  map.addLayer(shapes.layer)
  map.addLayer(handles.layer)
  map.addInteraction(editing.interaction)
  map.addInteraction(handles.interaction)
  map.on('click', click as never)

  const disposers = [
    effect(useTool),
    effect(() => shapes.layer.setOpacity(state.opacity.value)),
    effect(() => {
      // Read so that a change of any of them draws the shapes again.
      void [state.hiddenLayers.value, state.allHidden.value, state.outlineOnly.value, state.selection.value]
      shapes.layer.changed()
    }),
    effect(() => {
      void [
        state.selection.value,
        state.tool.value,
        session.revision.value,
        state.hiddenLayers.value,
        state.allHidden.value,
      ]
      showEditing()
    }),
  ]

  return {
    selected,
    select,
    applied(changes: readonly Applied[]) {
      shapes.apply(changes)
      const gone = changes.filter(({ id, feature }) => !feature && state.selection.value.has(id))
      if (gone.length) select([...state.selection.value].filter(id => !gone.some(change => change.id === id)))
    },
    zoomToAnnotation(feature: AnnotationFeature) {
      select([feature.id])
      slideMap.fitBox(boxOf(feature.geometry))
    },
    /** Changes every selected annotation that is not locked, as one step. */
    changeSelected(change: (feature: AnnotationFeature) => AnnotationFeature) {
      commit(changeable().map(before => ({ before, after: change(before) })))
    },
    /** Also reaches locked ones, for unlocking. */
    changeOne(before: AnnotationFeature, after: AnnotationFeature) {
      commit([{ before, after }])
    },
    deleteSelected() {
      const doomed = changeable()
      const spared = selected().length - doomed.length
      if (spared > 0 && state.writable) state.notices.show('Locked annotations stay; unlock them first.')
      session.change(doomed.map(before => ({ id: before.id, before, after: null })))
    },
    chooseTerm(term: Term | null) {
      state.term.value = term
      commit(changeable().map(before => ({ before, after: withTerm(before, term) })))
    },
    chooseLayer(layer: string) {
      state.layer.value = layer
      commit(changeable().map(before => ({ before, after: withMetadata(before, { layer, layerColor: undefined }) })))
    },
    finishShape: () => draw?.finishDrawing(),
    removeLastCorner: () => draw?.removeLastPoint(),
    cancel() {
      if (state.drawing.value) draw?.abortDrawing()
      else if (state.tool.value !== 'select') state.tool.value = 'select'
      else select([])
    },
    close() {
      for (const dispose of disposers) dispose()
    },
  }
}
