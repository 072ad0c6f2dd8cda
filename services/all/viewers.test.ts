/** Many viewers at once on one slide that nobody has looked at yet. */
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modules } from './modules.ts'
import { uploadSlide } from './testing/upload.ts'

const VIEWERS = 20
/** All tiles of the slide's level 0, and one of a level that is made and not stored. */
const TILES = [...Array.from({ length: 20 }, (_, i) => `11/${i % 5}_${Math.floor(i / 5)}`), '5/0_0']

let system: TestSystem
let id: string

beforeAll(async () => {
  system = await startSystem(modules, { environment: { REVIEW_GATE: 'off' } })
  id = await uploadSlide(system, { name: 'a.svs', width: 1200, height: 1000 })
})
afterAll(() => system?.stop())

async function metric(name: string): Promise<number> {
  const text = await (await fetch(system.metricsUrl)).text()
  const line = text.split('\n').find(found => found.startsWith(name))
  return Number(line?.split(' ').at(-1) ?? 0)
}

test('twenty viewers opening a cold slide cause one open and one load per tile', async () => {
  const token = await system.token()
  const view = async (): Promise<string[]> =>
    Promise.all(
      TILES.map(async tile => {
        const answer = await system.fetch(`/tiles/${id}/1_files/${tile}.jpeg`, { token })
        expect(answer.status).toBe(200)
        return Buffer.from(await answer.arrayBuffer()).toString('base64')
      }),
    )
  const [first, ...others] = await Promise.all(Array.from({ length: VIEWERS }, view))
  for (const other of others) expect(other).toEqual(first)
  expect(await metric('coverslip_slides_opened_total')).toBe(1)
  const [loaded, page] = await Promise.all(
    ['loaded', 'page'].map(from => metric(`coverslip_tile_seconds_count{coverslip_cache="${from}"}`)),
  )
  expect(loaded! + page!).toBe(TILES.length)
})
