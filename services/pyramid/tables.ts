/** The rows of the schema `pyramid`. */

/** The outcome of one revision of a slide. */
export interface PyramidRow {
  slide_id: string
  revision: number
  state: 'done' | 'failed' | 'deleted'
  project: string
  object_key: string | null
  bytes: string | number | null
  sha256: string | null
  /** JSON of slides.v1.Geometry. */
  geometry: string | null
  changed_at?: Date
}

/** A pyramid that is being built. */
export interface BuildRow {
  slide_id: string
  revision: number
  /** JSON of events.v1.SlideDeidentified, without its report. */
  event: string
  /** JSON of wsi's PyramidPlan. */
  plan: string
  parts: number
  /** The first part that no worker has been asked for yet. */
  next_part: number
  cpu_ms: string | number
  moved_bytes: string | number
  planned_at: Date
  begun_at: Date | null
  told_at: Date | null
  told_fraction: number
  /** Fraction per second, of all workers together. */
  pace: number | null
  /** How many work on it at once, as a mean of late. */
  workers: number
}

export interface TaskRow {
  slide_id: string
  revision: number
  /** The part, from 0 on, or the assembly (-1). */
  task: number
  state: 'wanted' | 'done'
  /** Its share of the whole work. */
  weight: number
  fraction: number
  holder: string | null
  seen_at: Date | null
  attempts: number
  bytes: string | number | null
  sha256: string | null
}

export interface QualityRow {
  slide_id: string
  revision: number
  /** JSON as proto/api/quality.ts describes it. */
  report: string
}

export interface Tables {
  pyramids: PyramidRow
  builds: BuildRow
  tasks: TaskRow
  quality: QualityRow
}
