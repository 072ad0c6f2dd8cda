/**
 * Handles of what is selected: one to move it, and eight to resize a rectangle or an ellipse. Moving has its own handle
 * so that dragging inside a large shape still pans.
 */
import Feature from 'ol/Feature.js'
import Point from 'ol/geom/Point.js'
import PointerInteraction from 'ol/interaction/Pointer.js'
import VectorLayer from 'ol/layer/Vector.js'
import type OlMap from 'ol/Map.js'
import type MapBrowserEvent from 'ol/MapBrowserEvent.js'
import VectorSource from 'ol/source/Vector.js'
import { boxBetween, boxOf, ellipse, isBoxShape, movedBy, rectangle } from '../annotations/geometry.ts'
import type { AnnotationFeature, Box, Geometry, Position } from '../annotations/model.ts'
import { isLocked, withGeometry } from '../annotations/model.ts'
import { flipPoint } from '../coordinates.ts'
import { handleStyle, moveHandleStyle } from '../slide/styles.ts'

/** Which sides of the box a handle moves: -1 the first, 1 the second, 0 neither. */
type Side = -1 | 0 | 1
type Grip = { move: true } | { move: false; x: Side; y: Side }

/** The geometry after its grip was dragged from one point of the slide to another; pure. */
export function dragged(feature: AnnotationFeature, grip: Grip, from: Position, to: Position): Geometry {
  const delta: Position = [to[0] - from[0], to[1] - from[1]]
  if (grip.move) return movedBy(feature.geometry, delta)
  const [x0, y0, x1, y1] = boxOf(feature.geometry)
  const first: Position = [x0 + (grip.x === -1 ? delta[0] : 0), y0 + (grip.y === -1 ? delta[1] : 0)]
  const second: Position = [x1 + (grip.x === 1 ? delta[0] : 0), y1 + (grip.y === 1 ? delta[1] : 0)]
  const box = boxBetween(first, second)
  return feature.geometry.isEllipse ? ellipse(box) : rectangle(box)
}

const SIDES: readonly Side[] = [-1, 0, 1]
const at = (low: number, high: number, side: Side) => (side === -1 ? low : side === 1 ? high : (low + high) / 2)

function gripsOf(feature: AnnotationFeature): { grip: Grip; place: Position }[] {
  const [x0, y0, x1, y1]: Box = boxOf(feature.geometry)
  const middle: Position = [(x0 + x1) / 2, (y0 + y1) / 2]
  const move = { grip: { move: true } as const, place: middle }
  if (feature.geometry.type === 'Point') return []
  if (!isBoxShape(feature)) return [move]
  const resize = SIDES.flatMap(x => SIDES.map(y => ({ x, y })))
    .filter(({ x, y }) => x !== 0 || y !== 0)
    .map(({ x, y }) => ({ grip: { move: false, x, y } as const, place: [at(x0, x1, x), at(y0, y1, y)] as Position }))
  return [move, ...resize]
}

export interface HandleEvents {
  panning(): boolean
  /** While it is dragged. */
  preview(id: string, geometry: Geometry): void
  done(before: AnnotationFeature, after: AnnotationFeature): void
}

export interface Handles {
  readonly layer: VectorLayer<VectorSource>
  readonly interaction: PointerInteraction
  /** Shows the handles of one annotation, or none. */
  show(feature: AnnotationFeature | null): void
}

export function createHandles(events: HandleEvents): Handles {
  const source = new VectorSource()
  const layer = new VectorLayer({ source, zIndex: 10, updateWhileInteracting: true })
  let shown: AnnotationFeature | null = null
  let drag: { grip: Grip; from: Position; feature: AnnotationFeature; geometry: Geometry } | null = null

  function place(feature: AnnotationFeature) {
    const points = gripsOf(feature).map(({ grip, place }) => {
      const point = new Feature({ geometry: new Point(flipPoint(place)), grip })
      point.setStyle(grip.move ? moveHandleStyle : handleStyle)
      return point
    })
    source.clear()
    source.addFeatures(points)
  }

  const gripAt = (map: OlMap, pixel: number[]): Grip | null =>
    map.forEachFeatureAtPixel(pixel, feature => feature.get('grip') as Grip, {
      layerFilter: other => other === layer,
      hitTolerance: 6,
    }) ?? null

  const interaction = new PointerInteraction({
    handleDownEvent(event: MapBrowserEvent) {
      if (!shown || events.panning() || (event.originalEvent as PointerEvent).button !== 0) return false
      const grip = gripAt(event.map, event.pixel)
      if (grip) drag = { grip, from: flipPoint(event.coordinate), feature: shown, geometry: shown.geometry }
      return grip !== null
    },
    handleDragEvent(event: MapBrowserEvent) {
      if (!drag) return
      drag.geometry = dragged(drag.feature, drag.grip, drag.from, flipPoint(event.coordinate))
      events.preview(drag.feature.id, drag.geometry)
      place(withGeometry(drag.feature, drag.geometry))
    },
    handleUpEvent() {
      const finished = drag
      drag = null
      if (finished && finished.geometry !== finished.feature.geometry)
        events.done(finished.feature, withGeometry(finished.feature, finished.geometry))
      return false
    },
  })

  return {
    layer,
    interaction,
    show(feature) {
      if (drag) return
      shown = feature && !isLocked(feature) ? feature : null
      if (shown) place(shown)
      else source.clear()
    },
  }
}
