import type { Annotation, Content, Rgb } from '../annotation.ts'
import type { Geometry } from '../geometry.ts'

/** A GeoJSON Feature as QuPath reads it; what QuPath has no name for lies in `metadata`, which holds text only. */
export const writeFeature = (annotation: Annotation): object =>
  writeContent(annotation.id, annotation.content, serverMetadata(annotation))

/** A Feature of what was drawn alone, without who and when. */
export function writeContent(id: string, content: Content, metadata: Record<string, string> = {}): object {
  return {
    type: 'Feature',
    id,
    geometry: writeGeometry(content.geometry, content.kind === 'ellipse'),
    ...(content.nucleus && { nucleusGeometry: writeGeometry(content.nucleus, false) }),
    properties: {
      ...content.properties,
      objectType: content.objectType,
      ...(content.name !== '' && { name: content.name }),
      ...(content.color && { color: content.color }),
      ...(content.term && { classification: writeTerm(content.term) }),
      ...(content.isLocked && { isLocked: true }),
      ...(Object.keys(content.measurements).length > 0 && { measurements: content.measurements }),
      metadata: { ...content.metadata, ...ownMetadata(content), ...metadata },
    },
  }
}

function writeGeometry(geometry: Geometry, isEllipse: boolean): object {
  return isEllipse ? { ...geometry, isEllipse: true } : geometry
}

const writeTerm = ({ name, color }: NonNullable<Content['term']>): object => ({ name, ...(color && { color }) })

function ownMetadata({ kind, layer, isExclusion }: Content): Record<string, string> {
  return {
    kind,
    ...(layer && { layer: layer.name }),
    ...(layer?.color && { layerColor: hexOf(layer.color) }),
    ...(isExclusion && { exclusion: 'true' }),
  }
}

function serverMetadata(annotation: Annotation): Record<string, string> {
  return {
    origin: annotation.origin,
    version: String(annotation.version),
    author: annotation.author,
    createdAt: annotation.createdAt.toISOString(),
    changedBy: annotation.changedBy,
    changedAt: annotation.changedAt.toISOString(),
  }
}

const hexOf = (color: Rgb): string => `#${color.map(channel => channel.toString(16).padStart(2, '0')).join('')}`
