/** One list out of two: slides that can be viewed, and slides on their way in; pure. */
import type { IntakeSlide, Slide } from '@coverslip/proto/api.ts'

export interface Row {
  id: string
  /** The public name, or the source's while only intake knows the slide. */
  name: string
  /** The source's file name; only people who may see the intake get it. */
  sourceName: string | null
  /** In plain words. */
  state: string
  tone: 'good' | 'moving' | 'bad' | 'held'
  /** 0 to 1 while it is moving. */
  progress: number
  reason: string | null
  slide: Slide | null
  intake: IntakeSlide | null
  at: string
}

const STATES: Record<string, Pick<Row, 'state' | 'tone'>> = {
  received: { state: 'Received', tone: 'moving' },
  deidentifying: { state: 'Being de-identified', tone: 'moving' },
  review: { state: 'Waits for review', tone: 'held' },
  rejected: { state: 'Rejected in review', tone: 'bad' },
  tiling: { state: 'Being prepared for viewing', tone: 'moving' },
  ready: { state: 'Ready', tone: 'good' },
  held: { state: 'Held', tone: 'held' },
  quarantined: { state: 'Quarantined', tone: 'bad' },
  failed: { state: 'Failed', tone: 'bad' },
  withdrawn: { state: 'Withdrawn', tone: 'held' },
}
const stateOf = (name: string) => STATES[name] ?? { state: name, tone: 'held' as const }

/**
 * Newest first. A slide that intake calls ready and that the given page of slides lacks is on another page, so it is
 * left out here.
 */
export function mergeRows(slides: readonly Slide[], intake: readonly IntakeSlide[], q: string): Row[] {
  const bySlide = new Map(intake.map(one => [one.id, one]))
  const known = new Set(slides.map(slide => slide.id))
  const wanted = q.trim().toLowerCase()
  const onTheirWay = intake
    .filter(one => !known.has(one.id) && one.state !== 'ready')
    .filter(one => nameOf(one).toLowerCase().includes(wanted))
  const rows = [...slides.map(slide => slideRow(slide, bySlide.get(slide.id) ?? null)), ...onTheirWay.map(intakeRow)]
  return rows.sort((a, b) => b.at.localeCompare(a.at))
}

function slideRow(slide: Slide, intake: IntakeSlide | null): Row {
  const { id, name, progress, reason, createdAt } = slide
  const at = intake?.receivedAt ?? createdAt
  return {
    id,
    name,
    sourceName: intake?.sourceName ?? null,
    ...stateOf(slide.state),
    progress,
    reason,
    slide,
    intake,
    at,
  }
}

/** What a slide on its way in is called: as it came, and once that is forgotten by its release name. */
const nameOf = ({ sourceName, releaseName, researchNumber }: IntakeSlide) =>
  sourceName ?? releaseName ?? researchNumber ?? 'Slide'

function intakeRow(intake: IntakeSlide): Row {
  const { id, sourceName, progress, reason, receivedAt } = intake
  return {
    id,
    name: nameOf(intake),
    sourceName,
    ...stateOf(intake.state),
    progress,
    reason,
    slide: null,
    intake,
    at: receivedAt,
  }
}

export const isMoving = (rows: readonly Row[]): boolean => rows.some(row => row.tone === 'moving')

/** The projects whose gate concerns a person: those that their roles name, and, with a role everywhere, those of the rows. */
export function projectsOf(roles: Readonly<Record<string, string>>, rows: readonly Row[]): string[] {
  const shown = rows.flatMap(({ slide, intake }) => slide?.project ?? intake?.project ?? [])
  const everywhere = '*' in roles ? ['default', ...shown] : []
  const named = Object.keys(roles).filter(project => project !== '*')
  return [...new Set([...everywhere, ...named])].sort()
}

/** Why a slide stopped; of a held one each rule by itself, which the server joins by semicolons. */
export function reasonsOf({ reason, intake }: Pick<Row, 'reason' | 'intake'>): string[] {
  if (!reason) return []
  return intake?.state === 'held' ? reason.split('; ') : [reason]
}

const FASTEST = 1000
const SLOWEST = 30_000
/** Every second while something moves; less and less often while nothing does. */
export const nextLook = (moving: boolean, quietLooks: number): number =>
  moving ? FASTEST : Math.min(SLOWEST, FASTEST * 2 ** Math.min(10, quietLooks + 1))
