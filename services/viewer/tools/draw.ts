/** The drawing tools. A tool stays after its shape is done; Space or the middle button pans in between. */
import type { Coordinate } from 'ol/coordinate.js'
import { boundingExtent } from 'ol/extent.js'
import LineString from 'ol/geom/LineString.js'
import Polygon, { fromExtent } from 'ol/geom/Polygon.js'
import type SimpleGeometry from 'ol/geom/SimpleGeometry.js'
import Draw, { type Options } from 'ol/interaction/Draw.js'
import type MapBrowserEvent from 'ol/MapBrowserEvent.js'
import { boxOf, ellipse, positions, rectangle } from '../annotations/geometry.ts'
import type { Box, Geometry, Rgb } from '../annotations/model.ts'
import { fromOl } from '../slide/annotation-layer.ts'
import { sketchStyles } from '../slide/styles.ts'
import type { DrawTool } from './keymap.ts'

/** A drag shorter than this many screen pixels was a click. */
const SMALLEST = 4
/** Corners of a freehand line that differ by less than this many screen pixels from a straight one are left out. */
const SMOOTHNESS = 0.4

type Corners = Coordinate[]
type DrawOptions = Pick<Options, 'type' | 'geometryFunction'>

/** OpenLayers gives a drag's two ends to a Circle's geometry function; what is drawn in between is up to us. */
const dragged =
  (outline: (box: Box) => Corners): Options['geometryFunction'] =>
  (coordinates, previous) => {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = boundingExtent(coordinates as Corners)
    const ring = outline([x0, y0, x1, y1])
    if (!previous) return new Polygon([ring])
    ;(previous as Polygon).setCoordinates([ring])
    return previous
  }

const straight: Options['geometryFunction'] = (coordinates, previous) => {
  const ends = [coordinates[0], coordinates.at(-1)] as Corners
  if (!previous) return new LineString(ends)
  ;(previous as LineString).setCoordinates(ends)
  return previous
}

const ringOf = (geometry: Geometry): Corners => [...positions(geometry)]
const OPTIONS: Record<DrawTool, DrawOptions> = {
  polygon: { type: 'Polygon' },
  freehand: { type: 'Polygon' },
  rectangle: { type: 'Circle', geometryFunction: dragged(box => fromExtent(box).getCoordinates()[0] ?? []) },
  ellipse: { type: 'Circle', geometryFunction: dragged(box => ringOf(ellipse(box))) },
  point: { type: 'Point' },
  ruler: { type: 'LineString', geometryFunction: straight },
}
const BY_CLICKS = new Set<DrawTool>(['polygon', 'point'])

export interface DrawEvents {
  panning(): boolean
  resolution(): number
  color(): Rgb
  drawing(active: boolean): void
  drawn(geometry: Geometry): void
}

/** The OpenLayers interaction of one tool; shapes go to `drawn`, in slide coordinates. */
export function createDraw(tool: DrawTool, events: DrawEvents): Draw {
  const draws = (event: MapBrowserEvent) => !events.panning() && !isMiddle(event.originalEvent as PointerEvent)
  const byDrag = !BY_CLICKS.has(tool)
  const draw = new Draw({
    ...OPTIONS[tool],
    stopClick: true,
    condition: draws,
    freehandCondition: event => byDrag && draws(event),
    style: () => sketchStyles(events.color()),
  })
  draw.on('drawstart', () => events.drawing(true))
  draw.on('drawabort', () => events.drawing(false))
  draw.on('drawend', ({ feature }) => {
    events.drawing(false)
    const geometry = finished(tool, feature.getGeometry() as SimpleGeometry, events.resolution())
    if (geometry) events.drawn(geometry)
  })
  return draw
}

const isMiddle = (event: PointerEvent) => event.button === 1 || ((event.buttons ?? 0) & 4) !== 0

/** What is kept of a drawn shape; null when it is too small to have been meant. */
function finished(tool: DrawTool, drawn: SimpleGeometry, resolution: number): Geometry | null {
  const smallest = SMALLEST * resolution
  if (tool === 'point') return fromOl(drawn)
  const geometry = tool === 'freehand' ? simplified(drawn as Polygon, resolution) : fromOl(drawn)
  const [x0, y0, x1, y1] = boxOf(geometry)
  if (Math.max(x1 - x0, y1 - y0) < smallest) return null
  if (tool === 'rectangle') return rectangle([x0, y0, x1, y1])
  if (tool === 'ellipse') return ellipse([x0, y0, x1, y1])
  const isFlat = geometry.type === 'Polygon' && (geometry.coordinates[0]?.length ?? 0) < 4
  return isFlat ? null : geometry
}

function simplified(polygon: Polygon, resolution: number): Geometry {
  const ring = new LineString(polygon.getCoordinates()[0] ?? [])
  const simple = (ring.simplify(SMOOTHNESS * resolution) as LineString).getCoordinates()
  return fromOl(new Polygon([simple.length >= 4 ? simple : ring.getCoordinates()]))
}
