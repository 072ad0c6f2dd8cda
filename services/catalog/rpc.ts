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
    secondsLeft: secondsLeft(slide),
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

function secondsLeft({ state, endsAt }: Slide): number | undefined {
  return state === 'tiling' && endsAt ? Math.max(0, (endsAt.getTime() - Date.now()) / 1000) : undefined
}
