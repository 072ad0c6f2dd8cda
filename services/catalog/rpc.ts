import type { Slide as SlideMessage } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import type { Slide } from './slide.ts'

/** @param slide one whose project is known */
export function toMessage(slide: Slide): SlideMessage {
  return {
    slideId: slide.id,
    project: slide.project ?? '',
    name: slide.name,
    state: slide.state,
    progress: slide.progress,
    reason: slide.reason ?? '',
    format: slide.format,
    geometry: slide.geometry ?? undefined,
    pseudonyms: slide.pseudonyms,
    revision: slide.revision,
    sourceBytes: BigInt(slide.sourceBytes),
    originalBytes: BigInt(slide.originalBytes),
    pyramidBytes: BigInt(slide.pyramidBytes),
    createdAt: slide.createdAt.toISOString(),
    changedAt: slide.changedAt.toISOString(),
  }
}
