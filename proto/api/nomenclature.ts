/** A nomenclature: how the names of released slides are built, as data. A name is its slots, joined by hyphens. */
import { z } from 'zod'

/** Names fit in file systems, mails and old databases. */
const MAX_NAME_LENGTH = 64
/** Three characters of 32 tell 32,768 slides of one subject apart. */
const MIN_RANDOM = 3
/** Eight random characters and one to check them. */
export const SUBJECT_WIDTH = 9

const code = z.string().regex(/^[A-Z0-9]{1,16}$/, 'expected 1 to 16 capital letters and digits')
const slotName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a word of small letters, digits and hyphens')
const width = z.number().int().min(1).max(16)
/** Three different things, each with a code of its own, none of them a value's. */
const absences = { notAssessed: code, notApplicable: code, unknown: code }

const nomenclatureSlot = z.discriminatedUnion('kind', [
  /** The nomenclature's id. */
  z.strictObject({ kind: z.literal('scheme'), name: slotName }),
  z.strictObject({ kind: z.literal('literal'), name: slotName, text: code }),
  z.strictObject({ kind: z.literal('project'), name: slotName, code }),
  /** The subject's pseudonym; a random one of its own for a slide whose subject is unknown. */
  z.strictObject({ kind: z.literal('subject'), name: slotName }),
  /** What is on the glass, by a closed vocabulary: value to code. */
  z.strictObject({
    kind: z.literal('vocabulary'),
    name: slotName,
    of: z.enum(['technique', 'stain', 'organ', 'diagnosis', 'scanner']),
    width,
    codes: z.record(z.string().min(1).max(64), code),
    ...absences,
  }),
  /** Random characters: no order of arrival, no count. */
  z.strictObject({ kind: z.literal('random'), name: slotName, width }),
  /** Kept free for what is not known yet, for one perineural invasion; says `notAssessed` until a later version fills it. */
  z.strictObject({ kind: z.literal('spare'), name: slotName, width, ...absences }),
])
export type NomenclatureSlot = z.infer<typeof nomenclatureSlot>

export const nomenclature = z
  .strictObject({ scheme: code, slots: z.array(nomenclatureSlot).min(1).max(32) })
  .superRefine((value, context) => {
    for (const { at, says } of problemsOf(value)) context.addIssue({ code: 'custom', path: at, message: says })
  })
export type Nomenclature = z.infer<typeof nomenclature>

/** Characters of a slot in every name. */
export function widthOf(slot: NomenclatureSlot, scheme: string): number {
  if (slot.kind === 'scheme') return scheme.length
  if (slot.kind === 'literal') return slot.text.length
  if (slot.kind === 'project') return slot.code.length
  return slot.kind === 'subject' ? SUBJECT_WIDTH : slot.width
}

interface NomenclatureProblem {
  at: (string | number)[]
  says: string
}

/** What is wrong with a nomenclature as a whole, by slot. */
function problemsOf({ scheme, slots }: { scheme: string; slots: NomenclatureSlot[] }): NomenclatureProblem[] {
  const problems = slots.flatMap((slot, i) =>
    problemsOfSlot(slot, slots.slice(0, i)).map(says => ({ at: ['slots', i], says })),
  )
  const whole = (says: string) => void problems.push({ at: ['slots'], says })
  const count = (kind: string) => slots.filter(slot => slot.kind === kind).length
  if (count('scheme') !== 1) whole('expected exactly one slot of kind "scheme"')
  if (count('subject') !== 1) whole('expected exactly one slot of kind "subject"')
  const random = slots.reduce((sum, slot) => sum + (slot.kind === 'random' ? slot.width : 0), 0)
  if (random < MIN_RANDOM) whole(`expected at least ${MIN_RANDOM} random characters, so that names are unique`)
  const length = slots.reduce((sum, slot) => sum + widthOf(slot, scheme), slots.length - 1)
  if (length > MAX_NAME_LENGTH) whole(`names would have ${length} characters, at most ${MAX_NAME_LENGTH} are allowed`)
  return problems
}

function problemsOfSlot(slot: NomenclatureSlot, before: readonly NomenclatureSlot[]): string[] {
  const problems = before.some(({ name }) => name === slot.name) ? [`slot "${slot.name}" is there twice`] : []
  if (slot.kind !== 'vocabulary' && slot.kind !== 'spare') return problems
  const codes = [
    ...Object.values(slot.kind === 'vocabulary' ? slot.codes : {}),
    slot.notAssessed,
    slot.notApplicable,
    slot.unknown,
  ]
  if (codes.some(({ length }) => length !== slot.width)) {
    problems.push(`slot "${slot.name}": every code must have ${slot.width} characters`)
  }
  if (new Set(codes).size < codes.length) problems.push(`slot "${slot.name}": two of its codes are the same`)
  return problems
}
