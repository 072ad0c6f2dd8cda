/** k-anonymity of names: whether what a name tells fits enough subjects. */
import type { NamedSlot } from './name.ts'

/** What a slide's name tells: codes by slot, without those that are random, or the same for all. */
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

export const toldBy = (slots: readonly NamedSlot[]): Told =>
  Object.fromEntries(
    slots.flatMap(({ name, kind, code }) => (kind === 'vocabulary' || kind === 'spare' ? [[name, code]] : [])),
  )

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
