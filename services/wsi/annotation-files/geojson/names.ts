/** The names that QuPath's GeoJSON and ours share between reading and writing. */
import type { ObjectType } from '../annotation.ts'

/** Entries of `metadata` that are ours; all others are kept as they came. */
export const OWN_METADATA: ReadonlySet<string> = new Set([
  'kind',
  'layer',
  'layerColor',
  'exclusion',
  'origin',
  'author',
  'version',
  'createdAt',
  'changedBy',
  'changedAt',
])

/** Members of `properties` with a meaning here; all others are kept as they came. */
export const OWN_PROPERTIES: ReadonlySet<string> = new Set([
  'objectType',
  'object_type',
  'name',
  'color',
  'classification',
  'isLocked',
  'measurements',
  'metadata',
  'childObjects',
  'children',
])

/** By QuPath's names of today and the class names that versions up to 0.2 wrote into `id`. */
export const TYPES: Readonly<Record<string, ObjectType | 'root'>> = {
  annotation: 'annotation',
  unknown: 'annotation',
  PathAnnotationObject: 'annotation',
  detection: 'detection',
  PathDetectionObject: 'detection',
  cell: 'cell',
  PathCellObject: 'cell',
  tile: 'tile',
  PathTileObject: 'tile',
  tmaCore: 'tmaCore',
  tma_core: 'tmaCore',
  TMACoreObject: 'tmaCore',
  root: 'root',
  PathRootObject: 'root',
}
