import { type Slide, slideState } from '@coverslip/proto/api.ts'
import type { Slide as SlideMessage } from '@coverslip/proto/gen/catalog/v1/catalog.ts'

const orNull = (text: string | undefined): string | null => text || null
const sizeOrNull = (bytes: bigint): number | null => (bytes === 0n ? null : Number(bytes))

/** A slide of the catalog as the API shows it. */
export function toSlide(message: SlideMessage): Slide {
  const { geometry, pseudonyms } = message
  return {
    id: message.slideId,
    project: message.project,
    name: message.name,
    state: slideState.parse(message.state),
    progress: message.progress,
    secondsLeft: message.secondsLeft ?? null,
    reason: orNull(message.reason),
    width: geometry?.width ?? 0,
    height: geometry?.height ?? 0,
    mpp: geometry?.mpp ? (geometry.mpp.x + geometry.mpp.y) / 2 : null,
    mppX: geometry?.mpp?.x ?? null,
    mppY: geometry?.mpp?.y ?? null,
    objectivePower: geometry?.objectivePower ?? null,
    levels: geometry?.levels ?? [],
    format: message.format,
    revision: message.revision,
    sizes: {
      source: Number(message.sourceBytes),
      original: sizeOrNull(message.originalBytes),
      pyramid: sizeOrNull(message.pyramidBytes),
    },
    subject: orNull(pseudonyms?.subject),
    case: orNull(pseudonyms?.case),
    specimen: orNull(pseudonyms?.specimen),
    block: orNull(pseudonyms?.block),
    glass: orNull(pseudonyms?.glass),
    createdAt: message.createdAt,
    changedAt: message.changedAt,
  }
}
