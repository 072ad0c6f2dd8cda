/** What the intake says of slides that are followed: few requests, however many slides there are. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type IntakeSlide, intakeSlide } from '@coverslip/proto/api.ts'
import { z } from 'zod'
import type { Connection } from './connection.ts'
import { read, slidePath } from './http.ts'

export interface Board {
  connection: Connection
  /** The record as it is at the next look. @throws CliError as http.ts' `read` */
  look(id: string): Promise<IntakeSlide>
}

const LOOK_EVERY_MS = 500
/** So many are asked for one by one. */
const FEW = 2
const MOST = 1000

const listed = z.object({ slides: z.array(intakeSlide) })

/** A board of the intake; all who ask for a look within its pace get the same one. */
export function createBoard(connection: Connection, { signal, everyMs = LOOK_EVERY_MS }: BoardOptions = {}): Board {
  const intake = { url: connection.intakeUrl, token: connection.token }
  const call = { signal: signal ?? null }
  let waiting = new Map<string, PromiseWithResolvers<IntakeSlide>>()
  let last = 0

  const lookAtOne = (id: string): Promise<IntakeSlide> =>
    read(intake, slidePath(id, '', 'intake/slides'), intakeSlide, call)
  const lookAtMany = async (ids: readonly string[]): Promise<Map<string, IntakeSlide>> => {
    // The newest come first, and those that are followed have just been sent.
    const limit = Math.min(MOST, 2 * ids.length)
    const { slides } = await read(intake, `/api/intake/slides?limit=${limit}`, listed, call)
    return new Map(slides.map(slide => [slide.id, slide]))
  }
  const lookNow = async (): Promise<void> => {
    await sleep(Math.max(0, last + everyMs - Date.now()), undefined, { signal })
    last = Date.now()
    const asked = waiting
    waiting = new Map()
    const found = asked.size > FEW ? lookAtMany([...asked.keys()]) : Promise.resolve(new Map<string, IntakeSlide>())
    for (const [id, { resolve, reject }] of asked) {
      found.then(slides => slides.get(id) ?? lookAtOne(id)).then(resolve, reject)
    }
  }
  return {
    connection,
    look(id) {
      if (waiting.size === 0) void lookNow().catch(error => giveUp(waiting, error))
      const there = waiting.get(id) ?? Promise.withResolvers<IntakeSlide>()
      waiting.set(id, there)
      return there.promise
    },
  }
}

interface BoardOptions {
  signal?: AbortSignal | undefined
  everyMs?: number
}

function giveUp(waiting: Map<string, PromiseWithResolvers<IntakeSlide>>, error: unknown): void {
  for (const { reject } of waiting.values()) reject(error)
  waiting.clear()
}
