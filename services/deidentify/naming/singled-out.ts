/** k-anonymity of names and records: whether what a release tells fits enough subjects. */
import type { Nomenclature } from '@coverslip/proto/api/nomenclature.ts'
import type { Material } from '@coverslip/proto/gen/slides/v1/slides.ts'
import type { NamedSlot } from './name.ts'

/** What a release tells: codes by slot, without those that are random, or the same for all, and fields of the record. */
export type Told = Readonly<Record<string, string>>

/** A slide of the project whose name exists or would be given. */
export interface Peer {
  /** The subject's pseudonym, or something unique where the subject is unknown. */
  subject: string
  told: Told
}

export interface Crowd {
  /** Subjects that share all that is told, this one included. */
  subjects: number
  /** Slots by which the subject stands out; empty when there are enough. */
  singledOutBy: string[]
}

const RECORDED = ['stain', 'organ', 'diagnosis', 'scanner'] as const

/** What becomes known of a slide by its release: the codes of its name, and what its record says beside them. */
export function toldBy({ slots }: Nomenclature, named: readonly NamedSlot[], material: Material | undefined): Told {
  const says = named.filter(({ kind }) => kind === 'vocabulary' || kind === 'spare')
  const inName = new Set(slots.flatMap(slot => (slot.kind === 'vocabulary' ? [slot.of] : [])))
  const beside = RECORDED.filter(field => !inName.has(field) && material?.[field])
  return Object.fromEntries([
    ...says.map(({ name, code }) => [name, code]),
    ...beside.map(field => [`${field} (record)`, material?.[field] ?? '']),
  ])
}

/**
 * Counts the subjects that a name could belong to.
 * @param peers the project's other slides, in any order
 * @param minimum k: fewer subjects than this are singled out
 */
export function crowdOf(slide: Peer, peers: readonly Peer[], minimum: number): Crowd {
  const slots = Object.keys(slide.told)
  const sharing = (names: readonly string[]): number => {
    const same = peers.filter(({ told }) => names.every(name => told[name] === slide.told[name]))
    return new Set([slide.subject, ...same.map(({ subject }) => subject)]).size
  }
  const subjects = sharing(slots)
  if (subjects >= minimum) return { subjects, singledOutBy: [] }
  const alone = slots.filter(name => sharing([name]) < minimum)
  if (alone.length > 0) return { subjects, singledOutBy: alone }
  // No slot does it alone: those without which the others would be shared by enough.
  const decisive = slots.filter(name => sharing(slots.filter(other => other !== name)) >= minimum)
  return { subjects, singledOutBy: decisive.length > 0 ? decisive : slots }
}
