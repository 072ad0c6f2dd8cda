import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { claim, whileHeld } from './claims.ts'
import { openScene, type Scene } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.close())

const forever = new AbortController().signal

/** A build of one part. */
async function wanted() {
  const of = { slideId: randomUUID(), revision: 1 }
  const { query } = scene.deps.db
  const keys = { slide_id: of.slideId, revision: of.revision }
  await query
    .insertInto('builds')
    .values({ ...keys, event: '{}', plan: '{}', parts: 1, next_part: 1 } as never)
    .execute()
  await query
    .insertInto('tasks')
    .values({ ...keys, task: 0, state: 'wanted', weight: 1 } as never)
    .execute()
  return { ...of, task: 0 }
}

it('work that is cut off since another worker has taken over is no failure of the slide', async () => {
  const task = await wanted()
  const held = (await claim(scene.deps.db, task, forever))!
  // As clients of object stores do, it rejects with an error of its own instead of the signal's reason.
  const work = whileHeld(
    scene.deps.db,
    held,
    forever,
    async () => {},
    ({ signal }) => sleep(20_000, undefined, { signal }),
  )
  await scene.deps.db.query
    .updateTable('tasks')
    .set({ holder: randomUUID(), seen_at: sql<Date>`now()` })
    .where('slide_id', '=', task.slideId)
    .execute()
  await expect(work).rejects.toMatchObject({ code: 'unavailable', retryable: true })
})

it('two that claim a task at once: one has it, the other waits for its end', async () => {
  const task = await wanted()
  const both = [claim(scene.deps.db, task, forever), claim(scene.deps.db, task, forever)]
  const first = await Promise.race(both)
  expect(first).toMatchObject(task)
  await scene.deps.db.query.updateTable('tasks').set({ state: 'done' }).where('slide_id', '=', task.slideId).execute()
  expect((await Promise.all(both)).filter(claimed => claimed)).toEqual([first])
})
