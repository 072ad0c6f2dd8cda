import type { HttpCall } from '@coverslip/platform/module.ts'
import { startTelemetry, type Telemetry } from '@coverslip/platform/telemetry.ts'
import { scrapeText } from '@coverslip/platform/testing/scrape.ts'
import { MOST_TIMINGS } from '@coverslip/proto/api/timing-limits.ts'
import { timingsRoutes } from '@coverslip/proto/api/timings.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { timingRoutes } from './timings.ts'

const ROUTE = 'POST /api/viewer-timings'
const viewport = { what: 'viewport', milliseconds: 120, outcome: 'complete', rendition: 'pyramid' }

let telemetry: Telemetry
let seconds = 0
let tell: (userId: string, timings: object[]) => Promise<unknown>
beforeEach(async () => {
  telemetry = await startTelemetry({ service: 'test', otlpUrl: '' })
  const handler = timingRoutes(telemetry, () => seconds * 1000)[ROUTE]!
  tell = async (userId, timings) => handler({ principal: { userId }, body: { timings } } as unknown as HttpCall)
})
afterEach(() => telemetry.close())

test('what viewers tell becomes histograms, by outcome and rendition', async () => {
  await tell('u1', [
    viewport,
    { ...viewport, outcome: 'left' },
    { ...viewport, what: 'first-view', milliseconds: 1500, rendition: 'original' },
  ])
  const text = await scrapeText(telemetry)
  const complete = 'coverslip_outcome="complete",coverslip_rendition'
  expect(text).toContain(`coverslip_viewer_viewport_seconds_sum{${complete}="pyramid"} 0.12\n`)
  expect(text).toContain(
    'coverslip_viewer_viewport_seconds_count{coverslip_outcome="left",coverslip_rendition="pyramid"} 1\n',
  )
  expect(text).toContain(`coverslip_viewer_first_view_seconds_sum{${complete}="original"} 1.5\n`)
})

test('one user who tells too much is not heard for a while, the others are', async () => {
  for (let i = 0; i < 20; i += 1) await tell('u1', [viewport])
  await expect(tell('u1', [viewport])).rejects.toMatchObject({ code: 'too-many' })
  await tell('u2', [viewport])
  seconds += 2
  await tell('u1', [viewport])
})

const { body } = timingsRoutes[0]!
test.each([
  ['nothing', { timings: [] }],
  ['too much at once', { timings: Array(MOST_TIMINGS + 1).fill(viewport) }],
  ['a slide', { timings: [{ ...viewport, slideId: 'x' }] }],
  ['another outcome', { timings: [{ ...viewport, outcome: 'x' }] }],
  ['less than no time', { timings: [{ ...viewport, milliseconds: -1 }] }],
  ['days', { timings: [{ ...viewport, milliseconds: 1e9 }] }],
])('%s is refused', (_what, given) => {
  expect(body!.safeParse(given).success).toBe(false)
})
