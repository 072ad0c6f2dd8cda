/**
 * From the start of Coverslip on an empty data folder (set-up done) to the first visible tile of the demonstration
 * slide: made, uploaded, de-identified, tiled, and shown by a browser.
 *
 *   node loadtest/bench/first-tile.ts
 *
 * Needs Chromium (Debian package).
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireProgram } from '@coverslip/platform/testing/process.ts'
import { chromium } from 'playwright-core'
import { startNode } from '../../services/e2e/node-process.ts'

const data = await mkdtemp(join(tmpdir(), 'coverslip-first-tile-'))
const begun = performance.now()
const seconds = (): string => `${((performance.now() - begun) / 1000).toFixed(1)} s`
const say = (what: string): void => void process.stdout.write(`${seconds().padStart(8)}  ${what}\n`)

const server = await startNode('Coverslip', 'services/all/main.ts', () => ({
  COVERSLIP_DATA: data,
  METRICS_PORT: '0',
  RPC_PORT: '0',
  REVIEW_GATE: 'off',
}))
try {
  say('ready for requests')
  const token = (await readFile(join(data, 'owner-token'), 'utf8')).trim()
  const id = await demonstrationSlide(token)
  await firstTile(token, id)
} finally {
  await server.stop()
  await rm(data, { recursive: true, force: true })
}

/** Waits for the demonstration slide, and tells when it changes its state. */
async function demonstrationSlide(token: string): Promise<string> {
  for (let last = ''; ; await sleep(100)) {
    const answer = await fetch(`${server.url}/api/intake/slides`, { headers: { authorization: `Bearer ${token}` } })
    const [slide] = ((await answer.json()) as { slides: { id: string; state: string; reason: string }[] }).slides
    if (!slide || slide.state === last) continue
    last = slide.state
    say(`the slide is ${last}`)
    if (last === 'ready') return slide.id
    if (last === 'failed') throw new Error(slide.reason)
  }
}

async function firstTile(token: string, id: string): Promise<void> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
  const browser = await chromium.launch({ executablePath: requireProgram('chromium', 'chromium'), args })
  const context = await browser.newContext()
  await context.addCookies([{ name: 'coverslip_session', value: token, url: server.url }])
  const page = await context.newPage()
  const opened = performance.now()
  const tile = page.waitForResponse(answer => /_files\/\d+\/\d+_\d+\.jpeg$/.test(answer.url()) && answer.ok())
  await page.goto(`${server.url}/slides/${id}`)
  await tile
  // Two frames later the tile is on the screen.
  await page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
  say(`the first tile is visible, ${((performance.now() - opened) / 1000).toFixed(1)} s after the viewer was opened`)
  await browser.close()
}
