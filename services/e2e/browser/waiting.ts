/** How long people wait is told by the viewer itself. */
import type { Timing } from '@coverslip/proto/api/timings.ts'
import { describe, expect, test } from 'vitest'
import { openViewer } from './drawing.ts'
import type { World } from './world.ts'

export function waitingSuite(world: () => World, slideId: () => string): void {
  describe('waiting', () => {
    test('is told now and then: the first view, and the screen after a move', async () => {
      const page = await world().visitor('viewer')
      await page.clock.install()
      await openViewer(page, slideId())
      await page.waitForTimeout(500)
      await page.keyboard.press('+')
      await page.waitForLoadState('networkidle')
      await page.waitForTimeout(1000)
      const telling = page.waitForResponse(answer => answer.url().endsWith('/api/viewer-timings'))
      await page.clock.fastForward(30_000)
      const answer = await telling
      expect(answer.status()).toBe(204)
      const { timings } = answer.request().postDataJSON() as { timings: Timing[] }
      expect(timings[0]).toMatchObject({ what: 'first-view', outcome: 'complete', rendition: 'pyramid' })
      expect(timings[0]!.milliseconds).toBeGreaterThan(50)
      expect(timings.slice(1)).toContainEqual(expect.objectContaining({ what: 'viewport', outcome: 'complete' }))
      await page.context().close()
    })
  })
}
