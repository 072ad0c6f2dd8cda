import { decoderOf } from './xml.ts'

/** QuPath's GeoJSON, ImageScope's XML, ASAP's XML. */
export type AnnotationFormat = 'geojson' | 'imagescope' | 'asap'

/** What a file looks like by its beginning; null when it is none of ours. XML of any other root counts as ImageScope's. */
export function formatOf(bytes: Uint8Array): AnnotationFormat | null {
  const head = decoderOf(bytes).decode(bytes.subarray(0, 4096)).trimStart()
  if (head.startsWith('{') || head.startsWith('[')) return 'geojson'
  if (!head.startsWith('<')) return null
  const root = /^(?:\s|<\?.*?\?>|<!--.*?-->)*<([\w:.-]+)/s.exec(head)?.[1]
  return root === 'ASAP_Annotations' ? 'asap' : 'imagescope'
}
