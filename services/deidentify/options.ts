/** What a de-identification is asked for, and what stays of a slide by choice. */
import type { CodingPolicy } from '@coverslip/wsi/convert/quality-policy.ts'
import type { Choices } from './procedure/draft.ts'
import type { Kept } from './report/report.ts'
import type { ReportKeys } from './report/signature.ts'

/** Level-0 pixels. */
export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

export interface DeidentifyOptions extends Choices {
  /** What the result is called, without an extension; it must say nothing. `original` or `pyramid` where it is not given. */
  name?: string
  /** Counts from 1 and grows with every new de-identification of the slide. */
  revision: number
  /** Signs the report. */
  keys: ReportKeys
  /** What is known to identify the source beside its own texts: names, numbers, the file's name. */
  knownTexts?: readonly string[]
  /** Whether a ledger leads from the result back to the source. */
  ledger?: boolean
  /** Of the tiles of a slide that becomes a pyramid; that of an unknown technique where it is not said. */
  coding?: CodingPolicy | undefined
  signal?: AbortSignal
  /** 0 to 1. */
  onProgress?(fraction: number): void
}

/** Those of the options that say what may stay, and what is blanked. */
export const choicesOf = ({ redact, keepMacro, keepThumbnail, dates, idSeed }: DeidentifyOptions): Choices => ({
  ...(redact && { redact }),
  ...{ keepMacro, keepThumbnail, dates, idSeed },
})

/** Choices by which a result was made; days by which its dates were moved do not matter to the proof. */
export const choicesFrom = ({ macro, thumbnail, dates }: Kept): Choices => ({
  keepMacro: macro ?? undefined,
  keepThumbnail: thumbnail,
  dates: dates === 'shifted' ? { keep: dates, days: 0 } : dates === 'year' ? { keep: dates } : undefined,
})

/** What stays by choices, for the report; undefined for nothing, as nothing but pixels is in a pyramid. */
export function keptBy(
  { keepMacro, keepThumbnail, dates }: Choices,
  rendition: 'original' | 'pyramid',
): Kept | undefined {
  if (rendition === 'pyramid' || !(keepMacro || keepThumbnail || dates)) return undefined
  return { macro: keepMacro ?? null, ...(keepThumbnail && { thumbnail: true }), dates: dates?.keep ?? null }
}
