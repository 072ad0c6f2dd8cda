import type { Page, Request } from 'playwright-core'
import { expect } from 'vitest'

/**
 * Watches what a page asks for from now on. `networkidle` does not serve here: it comes once in the life of a page, and a
 * page that stays open while it shows something else has had it.
 */
export function awaitAnswers(page: Page, isMeant: (url: string) => boolean): { come(): Promise<void> } {
  const asked = new Set<Request>()
  const ended = new Set<Request>()
  const onRequest = (request: Request) => void (isMeant(request.url()) && asked.add(request))
  const onEnd = (request: Request) => void ended.add(request)
  page.on('request', onRequest)
  page.on('requestfinished', onEnd)
  page.on('requestfailed', onEnd)
  return {
    /** Resolves when something was asked for and all of it has been answered. */
    async come() {
      await expect
        .poll(() => asked.size > 0 && [...asked].every(request => ended.has(request)), { timeout: 20_000 })
        .toBe(true)
      page.off('request', onRequest)
      page.off('requestfinished', onEnd)
      page.off('requestfailed', onEnd)
    },
  }
}
