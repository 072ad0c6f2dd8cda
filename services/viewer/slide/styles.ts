/** How shapes look. Colour is never alone: the selected shape says its term, and lines carry their length. */
import type Feature from 'ol/Feature.js'
import MultiPoint from 'ol/geom/MultiPoint.js'
import Point from 'ol/geom/Point.js'
import CircleStyle from 'ol/style/Circle.js'
import Fill from 'ol/style/Fill.js'
import Stroke from 'ol/style/Stroke.js'
import Style from 'ol/style/Style.js'
import Text from 'ol/style/Text.js'
import { positions } from '../annotations/geometry.ts'
import type { AnnotationFeature, Rgb } from '../annotations/model.ts'
import { colorOf, isLocked, kindOf, nameOf, termOf } from '../annotations/model.ts'
import { flipPoint } from '../coordinates.ts'
import { cssColor } from './terms.ts'

const FONT = '600 12px system-ui, sans-serif'
const HALO = 'rgba(255, 255, 255, 0.95)'

export interface Looks {
  selected: boolean
  outlineOnly: boolean
  /** Shows its corners, which can be moved. */
  corners: boolean
  /** What a line measures, for the screen. */
  label: string
}

/** White under the colour keeps a line visible on dark nuclei and on bright glass alike. */
function shapeStyles(color: Rgb, { selected, outlineOnly }: Looks, dashed: boolean): Style[] {
  const dash = dashed ? { lineDash: [6, 5] } : {}
  // Without any fill a click inside would miss the shape.
  const fill = new Fill({ color: cssColor(color, outlineOnly ? 0.004 : selected ? 0.25 : 0.15) })
  const image = new CircleStyle({
    radius: selected ? 8 : 6,
    fill: new Fill({ color: cssColor(color, outlineOnly ? 0.1 : 0.9) }),
    stroke: new Stroke({ color: selected ? HALO : cssColor(outlineOnly ? color : [255, 255, 255]), width: 2 }),
  })
  const line = new Style({
    stroke: new Stroke({ color: cssColor(color), width: selected ? 3 : 2, ...dash }),
    fill,
    image,
  })
  const halo = new Style({ stroke: new Stroke({ color: HALO, width: selected ? 7 : 4 }) })
  halo.getStroke()?.setColor(selected ? HALO : 'rgba(255, 255, 255, 0.55)')
  return [halo, line]
}

const cache = new Map<string, Style[]>()
function cachedStyles(color: Rgb, looks: Looks, dashed: boolean): Style[] {
  const key = `${color}|${looks.selected}|${looks.outlineOnly}|${dashed}`
  let styles = cache.get(key)
  if (!styles) {
    styles = shapeStyles(color, looks, dashed)
    cache.set(key, styles)
  }
  return styles
}

/** The styles of one shape. Locked shapes are dashed. */
export function stylesOf(annotation: AnnotationFeature, feature: Feature, looks: Looks): Style[] {
  const styles = cachedStyles(colorOf(annotation), looks, isLocked(annotation))
  const caption = captionOf(annotation, looks)
  const more = caption ? [captionStyle(feature, caption, kindOf(annotation) === 'ruler')] : []
  return looks.corners ? [...styles, cornerStyle(annotation), ...more] : [...styles, ...more]
}

/** Many corners close to each other would hide the line. */
const MOST_CORNERS = 300
function cornerStyle(annotation: AnnotationFeature): Style {
  const corners = [...positions(annotation.geometry)]
  const shown = corners.length <= MOST_CORNERS ? corners.map(flipPoint) : []
  return new Style({ geometry: new MultiPoint(shown), image: cornerImage })
}
const cornerImage = new CircleStyle({
  radius: 3.5,
  fill: new Fill({ color: '#ffffff' }),
  stroke: new Stroke({ color: '#0b5cad', width: 1.5 }),
})

function captionOf(annotation: AnnotationFeature, { selected, label }: Looks): string {
  if (kindOf(annotation) === 'ruler') return label
  return selected ? [termOf(annotation)?.name, nameOf(annotation)].filter(Boolean).join(' · ') : ''
}

function captionStyle(feature: Feature, text: string, above: boolean): Style {
  const [x0 = 0, , x1 = 0, y1 = 0] = feature.getGeometry()?.getExtent() ?? []
  return new Style({
    geometry: above ? (feature.getGeometry() as never) : new Point([(x0 + x1) / 2, y1]),
    text: new Text({
      text,
      font: FONT,
      placement: above ? 'line' : 'point',
      overflow: true,
      offsetY: -14,
      fill: new Fill({ color: '#101418' }),
      stroke: new Stroke({ color: HALO, width: 4 }),
    }),
  })
}

/** A shape that is being drawn. */
export const sketchStyles = (color: Rgb): Style[] => {
  const looks = { selected: true, outlineOnly: false, corners: false, label: '' }
  return shapeStyles(color, looks, false)
}

export const handleStyle = new Style({
  image: new CircleStyle({
    radius: 5,
    fill: new Fill({ color: '#ffffff' }),
    stroke: new Stroke({ color: '#0b5cad', width: 2 }),
  }),
})
export const moveHandleStyle = new Style({
  image: new CircleStyle({
    radius: 9,
    fill: new Fill({ color: 'rgba(255, 255, 255, 0.9)' }),
    stroke: new Stroke({ color: '#0b5cad', width: 2 }),
  }),
  text: new Text({ text: '✥', font: '14px system-ui, sans-serif', fill: new Fill({ color: '#0b5cad' }), offsetY: 1 }),
})
