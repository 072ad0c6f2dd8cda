/** How long slides take on their way in, what stops them, and why uploads fail; reasons are codes, never words. */
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import type { IntakeState, Standing } from './states.ts'

/** The first two are before the slide is announced, the others are states of its record. */
export type Stage = 'uploading' | 'receiving' | IntakeState

export interface IntakeMeter {
  /** A slide was announced or held for the first time. */
  arrived(slide: Times): void
  /** A slide left a state. */
  moved(slide: Times & Pick<Standing, 'state'>, to: IntakeState, code: string | null): void
  /** A slide stopped before it was announced. */
  stopped(slide: Times, stage: 'uploading' | 'receiving', code: string): void
  /** A request that brings bytes did not do so. */
  uploadFailed(reason: string): void
}

interface Times {
  received_at: Date
  changed_at: Date
}

const SECONDS = [1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 604_800]
const ENDS: ReadonlySet<IntakeState> = new Set(['ready', 'failed', 'quarantined', 'rejected'])
/** What an operator can do something about stands at 0 from the start. */
const FAULTS = ['internal', 'unavailable', 'storage-full', 'too-many', 'interrupted']

const since = (time: Date): number => Math.max(0, (Date.now() - time.getTime()) / 1000)
/** Codes come with events too: what is none of ours must not become a label. */
const codeOf = (code: string | null): string => (code && /^[a-z-]{1,40}$/.test(code) ? code : 'other')

export function createIntakeMeter(telemetry: Telemetry): IntakeMeter {
  const stages = telemetry.histogram('coverslip_slide_stage_seconds', 'Time of a slide in one state', 's', SECONDS)
  const ways = telemetry.histogram('coverslip_slide_seconds', 'Time from the first byte to the end', 's', SECONDS)
  const failures = telemetry.counter('coverslip_slides_failed_total', 'Slides that stopped, by state and reason', [
    { 'coverslip.stage': 'receiving', 'error.type': 'internal' },
  ])
  const uploads = telemetry.counter(
    'coverslip_upload_failures_total',
    'Requests with bytes of an upload that failed, by reason',
    FAULTS.map(reason => ({ 'error.type': reason })),
  )
  const left = (stage: Stage, seconds: number): void => stages.record(seconds, { 'coverslip.stage': stage })
  const ended = (slide: Times, outcome: IntakeState): void =>
    ways.record(since(slide.received_at), { 'coverslip.outcome': outcome })
  const failed = (stage: Stage, code: string | null): void =>
    failures.add(1, { 'coverslip.stage': stage, 'error.type': codeOf(code) })
  return {
    arrived(slide) {
      left('uploading', Math.max(0, (slide.changed_at.getTime() - slide.received_at.getTime()) / 1000))
      left('receiving', since(slide.changed_at))
    },
    moved(slide, to, code) {
      // What ended long ago and is made anew says nothing of how long the making takes.
      if (ENDS.has(slide.state)) return
      left(slide.state, since(slide.changed_at))
      if (ENDS.has(to)) ended(slide, to)
      if (ENDS.has(to) && to !== 'ready') failed(slide.state, code)
    },
    stopped(slide, stage, code) {
      ended(slide, 'failed')
      failed(stage, code)
    },
    uploadFailed: reason => uploads.add(1, { 'error.type': reason }),
  }
}
