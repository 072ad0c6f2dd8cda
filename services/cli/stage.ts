/** The stage: copies of pyramids near the readers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type StageView, stageAnswer, stageView } from '@coverslip/proto/api/stage.ts'
import type { z } from 'zod'
import type { Connection } from './connection.ts'
import { CliError, EXIT } from './errors.ts'
import { read, request } from './http.ts'
import { alignedTable, sizeText } from './slides.ts'

export type StageAnswer = z.infer<typeof stageAnswer>

const POLL_MS = 500

export const showStage = (connection: Connection): Promise<StageView> => read(connection, '/api/stage', stageView)

/**
 * What is to be brought to the stage: slides by id, or all of a project, never both.
 * @throws CliError (usage)
 */
export function stageWish(
  ids: readonly string[],
  project: string | undefined,
): { project: string } | { slides: readonly string[] } {
  if (project === undefined && ids.length > 0) return { slides: ids }
  if (project !== undefined && ids.length === 0) return { project }
  throw new CliError('usage', 'Name either slides or, with --project, a project', EXIT.usage)
}

export function bringToStage(
  connection: Connection,
  pin: string,
  of: ReturnType<typeof stageWish>,
): Promise<StageAnswer> {
  const body = JSON.stringify({ pin, of })
  const headers = { 'content-type': 'application/json' }
  return read(connection, '/api/stage', stageAnswer, { method: 'POST', headers, body })
}

export async function unpin(connection: Connection, pin: string): Promise<void> {
  await request(connection, `/api/stage/pins/${encodeURIComponent(pin)}`, { method: 'DELETE' })
}

/**
 * Waits until all slides of a pin are on the stage.
 * @throws CliError `stage-full` when those that are not have no room
 */
export async function followPin(
  connection: Connection,
  pin: string,
  { signal, onStep }: { signal: AbortSignal; onStep(staged: number, wanted: number): void },
): Promise<void> {
  for (;;) {
    const view = await showStage(connection)
    const pinned = view.pins.find(({ name }) => name === pin)
    if (!pinned || pinned.staged >= pinned.slides) return
    onStep(pinned.staged, pinned.slides)
    const rest = view.slides.filter(({ pins, state }) => pins.includes(pin) && state !== 'staged')
    const [first] = rest
    if (first?.reason && rest.every(({ reason, state }) => reason && state === 'wanted')) {
      const left = `${pinned.slides - pinned.staged} of ${pinned.slides} slides are not on the stage`
      throw new CliError('stage-full', `${left}: ${first.reason}`)
    }
    await sleep(POLL_MS, undefined, { signal })
  }
}

/** What was asked for, in a line or two. */
export function wishFacts({ pin, slides, bytes, unknown }: StageAnswer): string[] {
  const told = `${slides} ${slides === 1 ? 'slide' : 'slides'} (${sizeText(bytes)}) pinned as ${pin}`
  return [told, ...unknown.map(id => `unknown, or without a pyramid: ${id}`)]
}

const HEADINGS = ['PIN', 'SLIDES', 'STAGED', 'SIZE', 'SINCE']

/** How full the stage is, and what keeps slides there. */
export function stageFacts({ on, quota, bytes, staged, waiting, pins }: StageView): string[] {
  if (!on) return ['This site has no stage; OBJECTS_STAGE_URL names one']
  const rows = pins.map(pin => [
    pin.name,
    String(pin.slides),
    String(pin.staged),
    sizeText(pin.bytes),
    pin.pinnedAt.slice(0, 10),
  ])
  return [
    `${sizeText(bytes)} of ${sizeText(quota)}, ${staged} ${staged === 1 ? 'slide' : 'slides'}, ${waiting} on their way`,
    ...(rows.length > 0 ? ['', ...alignedTable([HEADINGS, ...rows])] : []),
  ]
}
