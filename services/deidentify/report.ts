/**
 * The report on a de-identification: what was removed, by place, kind and length, never by value. It leaves the on-prem
 * site, so even the names of unknown keys are withheld: a scanner operator may have put a patient's name into one.
 */
import { z } from 'zod'

export const removed = z.object({
  /** Where it was: `IFD 2`, `IFD 0, tag 270 ImageDescription`, `IFD 0, tiles`. */
  place: z.string(),
  /** `image` with pixels, `field` of an IFD, `key` of a description, `text`, `date`, `jpeg-segment`, `metadata`. */
  kind: z.enum(['image', 'field', 'key', 'text', 'date', 'jpeg-segment', 'metadata']),
  /** A name from the known list, for one `label` or `Barcode`; `unknown key` or `unknown field` otherwise. */
  name: z.string(),
  /** Bytes removed. */
  length: z.number().int().min(0),
  /** How many of the same sort. */
  count: z.number().int().min(1),
})
export type Removed = z.infer<typeof removed>

export const report = z.object({
  tool: z.literal('coverslip'),
  toolVersion: z.string(),
  /** Grows whenever the rules change what is kept. */
  rules: z.number().int(),
  format: z.string(),
  revision: z.number().int().min(1),
  /** `in-place`: the vendor's file without what identifies; `rewritten`: a new pyramid of the pixels alone. */
  method: z.enum(['in-place', 'rewritten']),
  removed: z.array(removed),
  counts: z.object({ images: z.number(), fields: z.number(), keys: z.number(), other: z.number() }),
  /** Bytes of the result that are zero where the source had something: what was removed and forgotten copies. */
  blankedBytes: z.number().int().min(0),
  /** The checks that the result passed. */
  checks: z.array(z.string()),
  sizes: z.object({ source: z.number(), result: z.number() }),
  /** Of the result, lower-case hex. */
  sha256: z.string(),
})
export type Report = z.infer<typeof report>

/** The version of the rules, for reports. */
export const RULES_VERSION = 1

type Facts = Omit<Report, 'tool' | 'toolVersion' | 'rules' | 'counts'>

/** Completes a report. @throws ZodError when something unforeseen would get into it */
export function makeReport(facts: Facts, toolVersion: string): Report {
  const total = (kinds: string[]) =>
    facts.removed.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { count }) => sum + count, 0)
  return report.parse({
    tool: 'coverslip',
    toolVersion,
    rules: RULES_VERSION,
    ...facts,
    counts: {
      images: total(['image']),
      fields: total(['field']),
      keys: total(['key']),
      other: total(['text', 'date', 'jpeg-segment', 'metadata']),
    },
  })
}
