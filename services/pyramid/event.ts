/** What slides.deidentified says of a slide. */
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition, Technique } from '@coverslip/proto/gen/slides/v1/slides.ts'

const TECHNIQUES: Readonly<Record<number, string>> = {
  [Technique.HE]: 'HE',
  [Technique.IHC]: 'IHC',
  [Technique.SPECIAL]: 'SPECIAL',
  [Technique.FLUORESCENCE]: 'FLUORESCENCE',
}

/** How the glass was stained, as the policy of codings names it; null: unknown. */
export const techniqueOf = ({ material }: SlideDeidentified): string | null =>
  TECHNIQUES[material?.technique ?? 0] ?? null

/** Whether de-identification has made the pyramid, so that it is only looked at. */
export const isMade = ({ rendition }: SlideDeidentified): boolean => rendition === Rendition.PYRAMID

/** Of all files of the rendition. */
export const bytesOf = ({ file, moreFiles }: SlideDeidentified): number =>
  [file, ...moreFiles].reduce((sum, each) => sum + Number(each?.bytes ?? 0), 0)
