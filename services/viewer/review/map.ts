/** A slide under review on the screen: its de-identified pixels, what is flagged, and what is marked to be blanked. */
import type { Review } from '@coverslip/proto/api/reviews.ts'
import Feature from 'ol/Feature.js'
import { fromExtent } from 'ol/geom/Polygon.js'
import Draw, { createBox } from 'ol/interaction/Draw.js'
import TileLayer from 'ol/layer/Tile.js'
import VectorLayer from 'ol/layer/Vector.js'
import OlMap from 'ol/Map.js'
import type Projection from 'ol/proj/Projection.js'
import VectorSource from 'ol/source/Vector.js'
import type Zoomify from 'ol/source/Zoomify.js'
import Fill from 'ol/style/Fill.js'
import Stroke from 'ol/style/Stroke.js'
import Style from 'ol/style/Style.js'
import Text from 'ol/style/Text.js'
import View from 'ol/View.js'
import { flipPoint, slideExtent } from '../coordinates.ts'
import { zoomifySource } from '../slide/zoomify.ts'
import { REGION_TILE, regionOfTile, regionUrl } from './region-tiles.ts'

/** Level-0 pixels. */
export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

const CLOSEST = 1 / 4

const outlined = (color: string, fill: string, text = '') =>
  new Style({
    stroke: new Stroke({ color, width: 3 }),
    fill: new Fill({ color: fill }),
    ...(text && {
      text: new Text({
        text,
        font: '600 12px system-ui, sans-serif',
        fill: new Fill({ color }),
        stroke: new Stroke({ color: '#fff', width: 3 }),
        overflow: true,
        textBaseline: 'bottom',
      }),
    }),
  })
const LOOKS = {
  flag: (kind: string) => outlined('#d55e00', 'rgb(213 94 0 / 8%)', kind),
  marked: () => outlined('#000', 'rgb(255 255 255 / 85%)'),
  redacted: () => outlined('#5b6673', 'rgb(91 102 115 / 12%)', 'blanked'),
}

export interface ReviewMap {
  home(): void
  show(rectangle: Rectangle): void
  zoomTo(resolution: number): void
  zoomBy(steps: number): void
  panBy(x: number, y: number): void
  /** Lets the next drag mark a rectangle. */
  startMarking(): void
  stopMarking(): void
  setMarked(rectangles: readonly Rectangle[]): void
  close(): void
}

export function createReviewMap(
  review: Review,
  target: HTMLElement,
  onMarked: (rectangle: Rectangle) => void,
): ReviewMap {
  const extent = slideExtent(review.width, review.height)
  const source = regionSource(review)
  const view = new View({
    projection: source.getProjection() as Projection,
    extent,
    constrainOnlyCenter: true,
    showFullExtent: true,
    minResolution: CLOSEST,
    maxResolution: Math.max(1, Math.max(review.width, review.height) / 128),
    center: flipPoint([review.width / 2, review.height / 2]),
    resolution: 1,
  })
  const marked = new VectorSource()
  const map = new OlMap({
    target,
    view,
    controls: [],
    layers: [new TileLayer({ source }), markedLayer(staticSource(review)), markedLayer(marked)],
  })
  const draw = new Draw({ type: 'Circle', geometryFunction: createBox(), freehand: true })
  draw.on('drawend', ({ feature }) => {
    const box = rectangleOf(feature.getGeometry()!.getExtent(), review)
    if (box) onMarked(box)
  })
  const home = () => view.fit(extent, { padding: [16, 16, 16, 16] })
  map.updateSize()
  home()
  return {
    home,
    show(rectangle) {
      view.fit(extentOf(rectangle), { padding: [80, 80, 80, 80], minResolution: 0.5 })
    },
    zoomTo: resolution => view.animate({ resolution, duration: 120 }),
    zoomBy: steps => view.animate({ zoom: (view.getZoom() ?? 0) + steps, duration: 120 }),
    panBy(x, y) {
      const [width = 0, height = 0] = map.getSize() ?? []
      const [cx = 0, cy = 0] = view.getCenter() ?? []
      const step = (view.getResolution() ?? 1) / 2
      view.animate({ center: [cx + x * width * step, cy - y * height * step], duration: 120 })
    },
    startMarking: () => map.addInteraction(draw),
    stopMarking: () => void map.removeInteraction(draw),
    setMarked(rectangles) {
      marked.clear()
      marked.addFeatures(rectangles.map(one => featureOf(one, LOOKS.marked())))
    },
    close: () => map.setTarget(undefined),
  }
}

function regionSource({ id, revision, width, height }: Review): Zoomify {
  const source = zoomifySource({ width, height }, { tileSize: REGION_TILE })
  const resolutions = source.getTileGrid()!.getResolutions()
  source.setTileUrlFunction(([z = 0, column = 0, row = 0]) =>
    regionUrl(id, revision, regionOfTile({ width, height }, resolutions[z] ?? 1, column, row)),
  )
  return source
}

function staticSource({ flagged, redacted }: Review): VectorSource {
  const flags = flagged.map(flag => featureOf(flag, LOOKS.flag(flag.kind)))
  return new VectorSource({ features: [...flags, ...redacted.map(one => featureOf(one, LOOKS.redacted()))] })
}

const markedLayer = (source: VectorSource) => new VectorLayer({ source })

const extentOf = ({ x, y, width, height }: Rectangle) => [x, -(y + height), x + width, -y]

function featureOf(rectangle: Rectangle, style: Style): Feature {
  const feature = new Feature(fromExtent(extentOf(rectangle)))
  feature.setStyle(style)
  return feature
}

/** Whole pixels inside the slide; null for what was a click. */
function rectangleOf([x0 = 0, y0 = 0, x1 = 0, y1 = 0]: number[], { width, height }: Review): Rectangle | null {
  const [left, top] = [Math.max(0, Math.floor(x0)), Math.max(0, Math.floor(-y1))]
  const [right, bottom] = [Math.min(width, Math.ceil(x1)), Math.min(height, Math.ceil(-y0))]
  const isTooSmall = right - left < 4 || bottom - top < 4
  return isTooSmall ? null : { x: left, y: top, width: right - left, height: bottom - top }
}
