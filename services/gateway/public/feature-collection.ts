/** JSON put together from features that are JSON already: they are passed on byte by byte, never parsed here. */
import type { Change, Feature } from '@coverslip/proto/gen/annotations/v1/annotations.ts'

const COMMA = Buffer.from(',')

function joined(parts: readonly Uint8Array[]): Uint8Array[] {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [COMMA, part]))
}

/** A GeoJSON FeatureCollection with the members `nextCursor` (null at the end) and `seq` (the slide's counter). */
export function featureCollection(
  features: readonly Feature[],
  { nextCursor, seq }: { nextCursor: string | null; seq: bigint },
): Buffer {
  return Buffer.concat([
    Buffer.from('{"type":"FeatureCollection","features":['),
    ...joined(features.map(({ geojson }) => geojson)),
    Buffer.from(`],"nextCursor":${JSON.stringify(nextCursor)},"seq":${seq}}`),
  ])
}

/** A message of the WebSocket; `seq` is the counter up to which its reader has seen everything. */
export function changesMessage(changes: readonly Change[], seq: bigint): Buffer {
  return Buffer.concat([
    Buffer.from('{"type":"changes","changes":['),
    ...joined(changes.map(changeMessage)),
    Buffer.from(`],"seq":${seq}}`),
  ])
}

function changeMessage({ seq, annotationId, deleted, feature }: Change): Buffer {
  const head = `{"seq":${seq},"annotationId":${JSON.stringify(annotationId)},"deleted":${deleted},"feature":`
  return Buffer.concat([Buffer.from(head), feature?.geojson ?? Buffer.from('null'), Buffer.from('}')])
}
