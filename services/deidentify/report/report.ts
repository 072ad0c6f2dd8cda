/**
 * The report on a de-identification: what was removed, by place, kind and length, never by value, and what the proof found.
 * It leaves the on-prem site, so even the names of unknown keys are withheld: a scanner operator may have put a patient's
 * name into one.
 */
import { z } from 'zod'
import packageFile from '../package.json' with { type: 'json' }
import { checkResult } from '../proof/checks.ts'

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

const hex = z.string().regex(/^[0-9a-f]{64}$/)
const bytes = z.number().int().min(0)

const provenLevel = z.object({
  width: z.number().int(),
  height: z.number().int(),
  tiles: z.number().int().min(0),
  /** Tiles of marked regions; all others are the source's. */
  redacted: z.number().int().min(0),
  /** Tiles in which a note beside the picture was blanked. */
  blanked: z.number().int().min(0),
  /** Over the SHA-256 of every other tile as stored. */
  sha256: hex,
})

export const kept = z.object({
  /** The end of the macro that was blanked; null: no macro. */
  macro: z.enum(['left', 'right', 'top', 'bottom']).nullable(),
  /** The thumbnail may have stayed. */
  thumbnail: z.literal(true).optional(),
  dates: z.enum(['year', 'shifted']).nullable(),
})
export type Kept = z.infer<typeof kept>

export const report = z.object({
  tool: z.literal('coverslip'),
  toolVersion: z.string(),
  /** Grows whenever the rules change what is kept. */
  rules: z.number().int(),
  /** SHA-256 of the procedures themselves. */
  rulesSha256: hex,
  /** Pseudonymised while a ledger leads back to the source; tissue itself can be recognised, so never "anonymous". */
  wording: z.enum(['de-identified', 'pseudonymised']),
  format: z.string(),
  revision: z.number().int().min(1),
  /** `in-place`: the vendor's file without what identifies; `rewritten`: a new pyramid of the pixels alone. */
  method: z.enum(['in-place', 'rewritten']),
  removed: z.array(removed),
  /** What stayed because the site chose so; nothing where it is not said. Not by how many days dates were moved. */
  kept: kept.optional(),
  counts: z.object({ images: z.number(), fields: z.number(), keys: z.number(), other: z.number() }),
  /** Bytes of the result that are zero where the source had something: what was removed and forgotten copies. */
  blankedBytes: bytes,
  /** What the proof looked at, and whether it held. */
  checks: z.array(checkResult).min(1),
  levels: z.array(provenLevel),
  /** Texts of the source that were looked for, in how many spellings, in how many bytes. */
  searched: z.object({ texts: bytes, spellings: bytes, bytes }),
  sizes: z.object({ source: bytes, result: bytes }),
  /** HMAC of the source with a key of the site: tells the site which source it was, and nobody else. */
  inputHmac: hex,
  /** Of the result's main file, lower-case hex. */
  sha256: hex,
  files: z.array(z.object({ name: z.string(), bytes, sha256: hex })).min(1),
})
export type Report = z.infer<typeof report>

/** The version of the rules, for reports. */
const RULES_VERSION = 3

type Facts = Omit<Report, 'tool' | 'toolVersion' | 'rules' | 'counts'>

/** Under which number something is counted; of a level that stays, tiles that were blanked are no image that went. */
function sortOf({ kind, place }: Removed): 'image' | 'field' | 'key' | 'other' {
  if (kind === 'image') return place.endsWith(', tiles') ? 'other' : 'image'
  return kind === 'field' || kind === 'key' ? kind : 'other'
}

/** Completes a report. @throws ZodError when something unforeseen would get into it */
export function makeReport(facts: Facts): Report {
  const total = (sort: ReturnType<typeof sortOf>) =>
    facts.removed.filter(one => sortOf(one) === sort).reduce((sum, { count }) => sum + count, 0)
  return report.parse({
    tool: 'coverslip',
    toolVersion: packageFile.version,
    rules: RULES_VERSION,
    ...facts,
    counts: {
      images: total('image'),
      fields: total('field'),
      keys: total('key'),
      other: total('other'),
    },
  })
}
