/** Builds the name of a slide by a nomenclature. */
import { type Nomenclature, type NomenclatureSlot, SUBJECT_WIDTH } from '@coverslip/proto/api/nomenclature.ts'
import { type Material, Technique } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { isSubjectCode, newSubjectCode, randomCharacters } from './characters.ts'

/** A slot of a name: its code and what that stands for; null for what stands for nothing. */
export interface NamedSlot {
  name: string
  kind: NomenclatureSlot['kind']
  code: string
  value: string | null
}

export interface Named {
  name: string
  slots: NamedSlot[]
  /** By slot, what the name does not tell although it should; quotes no value. */
  warnings: string[]
}

/** What a name may tell of a slide. */
export interface Nameable {
  /** The subject's pseudonym; empty: unknown. */
  subject: string
  material: Material | undefined
}

/** Where random parts come from. */
interface Draw {
  characters(count: number): string
  subject(): string
}
const FROM_CSPRNG: Draw = { characters: randomCharacters, subject: newSubjectCode }
const HIDDEN: Draw = { characters: count => '?'.repeat(count), subject: () => '?'.repeat(SUBJECT_WIDTH) }

type Value = 'not-assessed' | 'not-applicable' | 'unknown' | { value: string }

const TECHNIQUE_NAMES: Readonly<Record<number, string>> = {
  [Technique.HE]: 'HE',
  [Technique.IHC]: 'IHC',
  [Technique.SPECIAL]: 'SPECIAL',
  [Technique.FLUORESCENCE]: 'FLUORESCENCE',
}

/** How the glass was stained, as vocabularies and the policy of codings name it; undefined: unknown. */
export const techniqueOf = (material: Material | undefined): string | undefined =>
  TECHNIQUE_NAMES[material?.technique ?? 0]

function tellOf(material: Material | undefined, of: 'technique' | 'stain' | 'organ' | 'diagnosis' | 'scanner'): Value {
  const told = of === 'technique' ? techniqueOf(material) : material?.[of]
  if (!told) return 'unknown'
  const word = told.toLowerCase().replaceAll(/[\s_]+/g, '-')
  return word === 'not-assessed' || word === 'not-applicable' || word === 'unknown' ? word : { value: told }
}

/**
 * A name for a slide; another one at each call. Random parts come from a CSPRNG, so that no name tells the order of
 * arrival. Nothing is looked up: whether the name is free is the caller's to find out.
 */
export const nameSlide = (nomenclature: Nomenclature, slide: Nameable): Named => build(nomenclature, slide, FROM_CSPRNG)

/** The name as far as it is certain; `?` stands for what is drawn at release. */
export const previewName = (nomenclature: Nomenclature, slide: Nameable): Named => build(nomenclature, slide, HIDDEN)

function build({ scheme, slots }: Nomenclature, slide: Nameable, draw: Draw): Named {
  const warnings: string[] = []
  const fill = (slot: NomenclatureSlot): NamedSlot => {
    const filled = (code: string, value: string | null = null) => ({ name: slot.name, kind: slot.kind, code, value })
    switch (slot.kind) {
      case 'scheme':
        return filled(scheme)
      case 'literal':
        return filled(slot.text)
      case 'project':
        return filled(slot.code)
      case 'subject':
        return filled(subjectCode(slide.subject, slot.name, draw, warnings))
      case 'random':
        return filled(draw.characters(slot.width))
      case 'spare':
        return filled(slot.notAssessed, 'not-assessed')
      case 'vocabulary':
        return filled(...vocabularyCode(slot, tellOf(slide.material, slot.of), warnings))
    }
  }
  const named = slots.map(fill)
  return { name: named.map(({ code }) => code).join('-'), slots: named, warnings }
}

function subjectCode(pseudonym: string, slot: string, draw: Draw, warnings: string[]): string {
  if (isSubjectCode(pseudonym)) return pseudonym
  if (pseudonym !== '') warnings.push(`slot "${slot}": the pseudonym does not fit, a random one is taken`)
  return draw.subject()
}

type Vocabulary = Extract<NomenclatureSlot, { kind: 'vocabulary' }>

function vocabularyCode(slot: Vocabulary, value: Value, warnings: string[]): [code: string, value: string] {
  if (value === 'not-assessed') return [slot.notAssessed, value]
  if (value === 'not-applicable') return [slot.notApplicable, value]
  if (value === 'unknown') return [slot.unknown, value]
  const code = Object.hasOwn(slot.codes, value.value) ? slot.codes[value.value]! : undefined
  if (code) return [code, value.value]
  warnings.push(`slot "${slot.name}": the vocabulary has no code for this slide's ${slot.of}, so it is named unknown`)
  return [slot.unknown, 'unknown']
}
