/** Which material of a project may be used: rules as data, and the facts that people state for them. */
import { z } from 'zod'
import { text } from './schemas.ts'

/** Data Use Ontology (GA4GH): `DUO:0000042` is general research use. */
export const duoTerm = z.string().regex(/^DUO:\d{7}$/, 'expected a term of the Data Use Ontology such as DUO:0000042')
/** `2`, `2.1`: compared number by number. */
export const consentVersion = z.string().regex(/^\d{1,4}(\.\d{1,4}){0,3}$/, 'expected numbers with dots such as 2.1')
/** A day of the calendar. */
export const day = z.iso.date('expected a date such as 2024-05-31')
const fraction = z.number().min(0).max(1)

/** What a manifest may say of a slide; a rule can ask for it. */
const informationField = z.enum([
  'case',
  'specimen',
  'block',
  'glass',
  'organ',
  'diagnosis',
  'stain',
  'technique',
  'scanner',
  'collected',
])

/** The rule holds for material collected on this day or later; without it, for all material. */
const collectedFrom = { collectedFrom: day.optional() }

/** One condition; unknown facts do not meet it. */
const selectionRule = z.discriminatedUnion('rule', [
  z.strictObject({ rule: z.literal('consent'), ...collectedFrom }),
  z.strictObject({ rule: z.literal('consent-version'), atLeast: consentVersion, ...collectedFrom }),
  z.strictObject({ rule: z.literal('consent-scope'), terms: z.array(duoTerm).min(1).max(20), ...collectedFrom }),
  z.strictObject({ rule: z.literal('international-use'), ...collectedFrom }),
  z.strictObject({ rule: z.literal('commercial-use'), ...collectedFrom }),
  // Who may attest; empty: anybody who is named.
  z.strictObject({ rule: z.literal('vital-status'), brokers: z.array(text(100)).max(20) }),
  z.strictObject({ rule: z.literal('tumour-fraction'), atLeast: fraction }),
  z.strictObject({ rule: z.literal('normal-fraction'), atLeast: fraction }),
  z.strictObject({ rule: z.literal('information'), fields: z.array(informationField).min(1) }),
])
export type SelectionRule = z.infer<typeof selectionRule>
export type RuleName = SelectionRule['rule']

export const selectionRules = z
  .array(selectionRule)
  .max(50)
  .refine(rules => new Set(rules.map(({ rule }) => rule)).size === rules.length, 'expected each rule once')

export const rulesPreset = z.enum(['none', 'paip'])
export type RulesPreset = z.infer<typeof rulesPreset>

/** The rules of a project in force. */
export const projectRules = z.object({
  project: z.string(),
  /** Counts from 1; 0: nobody has set any. */
  version: z.number(),
  rules: selectionRules,
  changedBy: z.string().nullable(),
  changedAt: z.string().nullable(),
})
export type ProjectRules = z.infer<typeof projectRules>

/** A subject's consent as it stands; null: not known. */
export const consent = z.strictObject({
  version: consentVersion.nullable(),
  date: day.nullable(),
  scope: z.array(duoTerm).max(20).nullable(),
  international: z.boolean().nullable(),
  commercial: z.boolean().nullable(),
})
export type Consent = z.infer<typeof consent>

/** What a person states of their own knowledge. No registration number has a place here. */
export const attestation = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('vital-status'), status: z.enum(['living', 'deceased']), broker: text(100) }),
  z.strictObject({ kind: z.literal('tumour-fraction'), value: fraction, slide: z.uuid().optional() }),
  z.strictObject({ kind: z.literal('normal-fraction'), value: fraction, slide: z.uuid().optional() }),
])
export type Attestation = z.infer<typeof attestation>
