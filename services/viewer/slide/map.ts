/** The slide on the screen: OpenLayers over Deep Zoom tiles. */
import type { Slide } from '@coverslip/proto/api.ts'
import DragPan from 'ol/interaction/DragPan.js'
import MouseWheelZoom from 'ol/interaction/MouseWheelZoom.js'
import PinchRotate from 'ol/interaction/PinchRotate.js'
import PinchZoom from 'ol/interaction/PinchZoom.js'
import Kinetic from 'ol/Kinetic.js'
import TileLayer from 'ol/layer/Tile.js'
import OlMap from 'ol/Map.js'
import type MapBrowserEvent from 'ol/MapBrowserEvent.js'
import type Projection from 'ol/proj/Projection.js'
import type Zoomify from 'ol/source/Zoomify.js'
import type Tile from 'ol/Tile.js'
import View from 'ol/View.js'
import { deepZoomLevel, flipPoint, slideExtent } from '../coordinates.ts'
import type { ViewPlace } from './deep-link.ts'
import type { ShownRendition } from './rendition.ts'
import type { ViewState } from './state.ts'
import { zoomifySource } from './zoomify.ts'

/** Eight screen pixels per slide pixel is as close as it gets. */
const CLOSEST = 1 / 8
/** Tries until people are told that something is missing; it is asked for now and then all the same (an original is being fetched). */
const TRIES = 4
const MOST_TRIES = 24
const LONGEST_WAIT_MS = 30_000

export const still = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches

/** The slide's Deep Zoom tiles. */
function tileSource({ width, height }: Slide, shown: ShownRendition, onFailure: () => void): Zoomify {
  const { tileSize, tileUrl } = shown
  const source = zoomifySource({ width, height }, { tileSize, transition: still() ? 0 : 150 })
  source.setTileUrlFunction(([z = 0, x = 0, y = 0]) => tileUrl(deepZoomLevel(width, height, z, tileSize), x, y))
  retryTiles(source, onFailure)
  return source
}

/** A tile that did not come is asked for again; OpenLayers itself would leave a hole. */
export function retryTiles(source: Zoomify, onFailure: () => void) {
  const failures = new WeakMap<Tile, number>()
  source.on('tileloaderror', ({ tile }) => {
    const count = (failures.get(tile) ?? 0) + 1
    failures.set(tile, count)
    if (count === TRIES) onFailure()
    // A layer listens to the source that it shows: nobody waits for the tiles of another one.
    const again = () => source.hasListener('change') && tile.load()
    if (count < MOST_TRIES) setTimeout(again, Math.min(LONGEST_WAIT_MS, 500 * 4 ** (count - 1)))
  })
}

export interface SlideMap {
  readonly map: OlMap
  readonly view: View
  /** Reads the tiles from another rendition; the place on the screen stays. */
  show(rendition: ShownRendition): void
  /** Whether the Space bar is held: the pointer then pans, whatever the tool. */
  readonly panning: () => boolean
  setPanning(held: boolean): void
  fitSlide(): void
  /** Shows a box of the slide with some room around it. */
  fitBox(box: readonly [number, number, number, number]): void
  panBy(x: number, y: number, far: boolean): void
  zoomTo(resolution: number): void
  rotateBy(radians: number): void
  centreOn(point: readonly number[]): void
  state(): ViewState
  close(): void
}

interface Options {
  place: ViewPlace | null
  onView(view: ViewState): void
  onTileFailure(): void
}

export function createSlideMap(
  slide: Slide,
  rendition: ShownRendition,
  target: HTMLElement,
  options: Options,
): SlideMap {
  let held = false
  const panning = () => held
  const extent = slideExtent(slide.width, slide.height)
  const source = tileSource(slide, rendition, options.onTileFailure)
  const layer = new TileLayer({ source, preload: 1 })
  const view = new View({
    projection: source.getProjection() as Projection,
    extent,
    constrainOnlyCenter: true,
    showFullExtent: true,
    smoothExtentConstraint: !still(),
    minResolution: CLOSEST,
    maxResolution: Math.max(1, (2 * Math.max(slide.width, slide.height)) / 256),
    constrainRotation: false,
    resolution: 1,
    center: flipPoint([slide.width / 2, slide.height / 2]),
  })
  const map = new OlMap({
    target,
    view,
    layers: [layer],
    controls: [],
    interactions: [
      new PinchRotate(),
      new PinchZoom(),
      new DragPan({ condition: pans, ...(!still() && { kinetic: new Kinetic(-0.005, 0.05, 100) }) }),
      new MouseWheelZoom({ duration: still() ? 0 : 150, useAnchor: true }),
    ],
  })
  const duration = () => (still() ? 0 : 200)
  // The tools on the left and the bars at the bottom cover nothing of a slide that is shown as a whole.
  const fitted = { padding: [20, 20, 64, 68] }

  const state = (): ViewState => {
    const [width = 1, height = 1] = map.getSize() ?? []
    return {
      centre: flipPoint(view.getCenter() ?? [0, 0]),
      resolution: view.getResolution() ?? 1,
      rotation: view.getRotation(),
      size: [width, height],
    }
  }
  const report = () => options.onView(state())
  view.on(['change:center', 'change:resolution', 'change:rotation'] as never, report)
  map.on('change:size', report)
  map.updateSize()
  if (options.place) {
    view.setCenter(flipPoint([options.place.x, options.place.y]))
    view.setResolution(options.place.resolution)
  } else {
    view.fit(extent, fitted)
  }
  report()

  return {
    map,
    view,
    show: other => layer.setSource(tileSource(slide, other, options.onTileFailure)),
    panning,
    setPanning(value) {
      held = value
      target.classList.toggle('panning', value)
    },
    fitSlide: () => {
      view.animate({ rotation: 0, duration: 0 })
      view.fit(extent, { ...fitted, duration: duration() })
    },
    fitBox([x0, y0, x1, y1]) {
      const padding = Math.round(Math.min(...state().size) / 5)
      const box = [x0, -y1, x1, -y0]
      view.fit(box, { padding: [padding, padding, padding, padding], minResolution: 0.5, duration: duration() })
    },
    panBy(x, y, far) {
      const { size, resolution, rotation } = state()
      const step = far ? [size[0] / 2, size[1] / 2] : [100, 100]
      const [dx, dy] = [x * step[0]! * resolution, -y * step[1]! * resolution]
      const [cx = 0, cy = 0] = view.getCenter() ?? []
      const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)]
      view.animate({ center: [cx + dx * cos - dy * sin, cy + dx * sin + dy * cos], duration: duration() / 2 })
    },
    zoomTo: resolution => view.animate({ resolution, duration: duration() }),
    rotateBy: radians => view.animate({ rotation: view.getRotation() + radians, duration: duration() }),
    centreOn: point => view.setCenter(flipPoint(point)),
    state,
    close() {
      map.setTarget(undefined)
      layer.setSource(null)
    },
  }
}

/** The first button, a finger, or the middle button; what the tools want for themselves never gets here. */
function pans(event: MapBrowserEvent): boolean {
  const pointer = event.originalEvent as PointerEvent
  return pointer.pointerType !== 'mouse' || pointer.button === 0 || pointer.button === 1
}
