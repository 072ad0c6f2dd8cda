/** Annotations as shapes of the map. */
import Feature from 'ol/Feature.js'
import GeoJSON from 'ol/format/GeoJSON.js'
import type OlGeometry from 'ol/geom/Geometry.js'
import VectorLayer from 'ol/layer/Vector.js'
import type OlMap from 'ol/Map.js'
import VectorSource from 'ol/source/Vector.js'
import { areaOf, isBoxShape, lengthOf } from '../annotations/geometry.ts'
import type { AnnotationFeature, Geometry } from '../annotations/model.ts'
import { isLocked, sameGeometry } from '../annotations/model.ts'
import type { Applied } from '../annotations/session.ts'
import { toSlide, toView } from '../coordinates.ts'
import { measuresOf } from './measures.ts'
import type { SlideState } from './state.ts'
import { isVisible } from './state.ts'
import { stylesOf } from './styles.ts'
import { calibrationOf } from './units.ts'

const format = new GeoJSON()
const ANNOTATION = 'annotation'

/** Shape of the view to geometry of the slide, and back. */
export const fromOl = (geometry: OlGeometry): Geometry => toSlide(format.writeGeometryObject(geometry) as Geometry)
export const toOl = (geometry: Geometry): OlGeometry => format.readGeometry(toView(geometry)) as OlGeometry

export const annotationOf = (feature: Feature): AnnotationFeature => feature.get(ANNOTATION) as AnnotationFeature

export interface AnnotationLayer {
  readonly layer: VectorLayer<VectorSource>
  shape(id: string): Feature | null
  apply(changes: readonly Applied[]): void
  /** The smallest visible shape at a place of the screen, so that what lies within another one can be reached. */
  pick(map: OlMap, pixel: number[]): string | null
}

export function createAnnotationLayer(state: SlideState): AnnotationLayer {
  const source = new VectorSource()
  const layer = new VectorLayer({
    source,
    updateWhileInteracting: false,
    style: feature => {
      const annotation = annotationOf(feature as Feature)
      if (!isVisible(state, annotation)) return undefined
      const selected = state.selection.value.has(annotation.id)
      const looks = {
        selected,
        outlineOnly: state.outlineOnly.value,
        corners: selected && hasFreeCorners(state, annotation),
        label: measuresOf(annotation.geometry, calibrationOf(state.slide)).length,
      }
      return stylesOf(annotation, feature as Feature, looks)
    },
  })

  function show({ id, feature }: Applied) {
    const shape = source.getFeatureById(id) as Feature | null
    if (!feature) {
      if (shape) source.removeFeature(shape)
      return null
    }
    if (!shape) return make(feature)
    // A shape that somebody is dragging right now must not be replaced by an equal one.
    const moved = !sameGeometry(annotationOf(shape).geometry, feature.geometry)
    shape.set(ANNOTATION, feature, true)
    if (moved) shape.setGeometry(toOl(feature.geometry))
    else shape.changed()
    return null
  }

  return {
    layer,
    shape: id => source.getFeatureById(id) as Feature | null,
    apply: changes => source.addFeatures(changes.map(show).filter(shape => shape !== null)),
    pick(map, pixel) {
      const hits: AnnotationFeature[] = []
      const collect = (feature: unknown) => void hits.push(annotationOf(feature as Feature))
      map.forEachFeatureAtPixel(pixel, collect, { layerFilter: other => other === layer, hitTolerance: 5 })
      return hits.sort((a, b) => sizeOf(a.geometry) - sizeOf(b.geometry))[0]?.id ?? null
    },
  }
}

const hasFreeCorners = (state: SlideState, annotation: AnnotationFeature) =>
  state.writable && !isLocked(annotation) && !isBoxShape(annotation) && annotation.geometry.type !== 'Point'

const sizeOf = (geometry: Geometry) => areaOf(geometry) || lengthOf(geometry)

function make(annotation: AnnotationFeature): Feature {
  const shape = new Feature(toOl(annotation.geometry))
  shape.setId(annotation.id)
  shape.set(ANNOTATION, annotation, true)
  return shape
}
