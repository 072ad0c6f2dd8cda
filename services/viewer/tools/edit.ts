/** Moving, adding and removing corners of selected shapes. */
import Collection from 'ol/Collection.js'
import { altKeyOnly, singleClick } from 'ol/events/condition.js'
import type Feature from 'ol/Feature.js'
import Modify from 'ol/interaction/Modify.js'
import type MapBrowserEvent from 'ol/MapBrowserEvent.js'
import type { AnnotationFeature, Kind } from '../annotations/model.ts'
import { kindOf, sameGeometry, withGeometry } from '../annotations/model.ts'
import { annotationOf, fromOl } from '../slide/annotation-layer.ts'
import { handleStyle } from '../slide/styles.ts'

/** Straight from end to end: they get no corners in between. */
const LINES = new Set<Kind>(['ruler', 'arrow'])

export interface EditEvents {
  panning(): boolean
  done(changes: { before: AnnotationFeature; after: AnnotationFeature }[]): void
}

export interface Editing {
  readonly interaction: Modify
  /** The shapes whose corners can be moved. */
  show(shapes: readonly Feature[]): void
}

export function createEditing(events: EditEvents): Editing {
  const shapes = new Collection<Feature>()
  const isLine = () => shapes.getArray().some(shape => LINES.has(kindOf(annotationOf(shape))))
  const firstButton = (event: MapBrowserEvent) => (event.originalEvent as PointerEvent).button === 0
  const interaction = new Modify({
    features: shapes,
    pixelTolerance: 8,
    style: handleStyle,
    condition: event => firstButton(event) && !events.panning(),
    deleteCondition: event => altKeyOnly(event) && singleClick(event),
    insertVertexCondition: () => !isLine(),
  })
  interaction.on('modifyend', ({ features }) => {
    const changes = features.getArray().map(shape => {
      const before = annotationOf(shape as Feature)
      return { before, after: withGeometry(before, fromOl((shape as Feature).getGeometry()!)) }
    })
    events.done(changes.filter(({ before, after }) => !sameGeometry(before.geometry, after.geometry)))
  })
  return {
    interaction,
    show(next) {
      if (next.length === shapes.getLength() && next.every((shape, i) => shape === shapes.item(i))) return
      shapes.clear()
      shapes.extend([...next])
    },
  }
}
