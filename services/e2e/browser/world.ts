/** One Coverslip and one Chromium; people with a role each, whose pages must neither complain nor be refused anything. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenIdProvider, startOpenIdProvider } from '@coverslip/platform/testing/openid-provider.ts'
import { requireProgram } from '@coverslip/platform/testing/process.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type Client, clientOf, eventually, withJson } from '../client.ts'
import type { Shape } from '../shape.ts'
import { startSingle } from '../single.ts'
import { ownCode } from '../suites/people.ts'

const SCREENSHOTS = new URL('../../../.cache/screenshots/', import.meta.url).pathname
const SCREEN = { width: 1280, height: 800 }
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export type Role = 'owner' | 'steward' | 'annotator' | 'viewer'

export interface World {
  shape: Shape
  /** Where its people may sign in as well, at `http://localhost`, its public address. */
  provider: OpenIdProvider
  /** The owner's. */
  client: Client
  /** What pages wrote to the console as errors, threw, or were refused; emptied by reading. */
  complaints(): string[]
  /** A fresh browser without cookies. @param expected complaints that belong to the test */
  stranger(expected?: RegExp, options?: BrowserContextOptions): Promise<Page>
  /** A fresh browser in which somebody with this role is signed in. */
  visitor(role: Role, options?: BrowserContextOptions, project?: string): Promise<Page>
  /** The code of a new one-time sign-in link. */
  invite(role: Role, project?: string): Promise<string>
  /** Keeps a picture of the page to look at. */
  picture(page: Page, name: string, options?: { fullPage?: boolean }): Promise<void>
  stop(): Promise<void>
}

/** @throws Error that says what to install when there is no Chromium */
export async function startWorld(): Promise<World> {
  const executablePath = requireProgram('chromium', 'chromium')
  const provider = await startOpenIdProvider()
  const [shape, browser] = await Promise.all([
    startSingle({
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_SECRET: provider.clientSecret,
      OIDC_ROLES: '{"pathology": {"default": "viewer"}}',
      OIDC_SIGN_OUT: '1',
    }),
    chromium.launch({ executablePath, args: ARGUMENTS, headless: true }),
    mkdir(SCREENSHOTS, { recursive: true }),
  ])
  provider.admit(`http://localhost:${new URL(shape.url).port}`)
  return worldOf(shape, provider, browser)
}

const emailOf = (guest: number): string => `guest-${guest}@example.org`

function worldOf(shape: Shape, provider: OpenIdProvider, browser: Browser): World {
  const client = clientOf(shape)
  let complaints: string[] = []
  let guests = 0

  const world: World = {
    shape,
    provider,
    client,
    complaints: () => complaints.splice(0),
    async stranger(expected, options = {}) {
      const context = await browser.newContext({ viewport: SCREEN, baseURL: shape.url, ...options })
      const page = await context.newPage()
      watch(page, text => expected?.test(text) || complaints.push(text))
      return page
    },
    async visitor(role, options, project) {
      const page = await world.stranger(undefined, options)
      const given = await world.invite(role, project)
      // By their own link: whoever came by the one of an invitation has no part in a look-up.
      const code = project ? await ownCode(shape, emailOf(guests)) : given
      const answer = await clientOf(shape, null).get('/api/session', withJson('POST', { code }))
      const [name, value] = answer.headers.get('set-cookie')!.split(';')[0]!.split('=') as [string, string]
      await page.context().addCookies([{ name, value, url: shape.url, httpOnly: true, sameSite: 'Lax' }])
      return page
    },
    async invite(role, project) {
      guests += 1
      const guest = { email: emailOf(guests), name: `Guest ${guests}`, role, ...(project && { project }) }
      const { link } = await client.json<{ link: string }>('/api/invitations', withJson('POST', guest))
      return new URL(link).hash.slice(1)
    },
    async picture(page, name, options) {
      await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, ...options })
    },
    async stop() {
      complaints = []
      await browser.close()
      await Promise.all([shape.stop(), provider.stop()])
    },
  }
  return world
}

/** Violations of the content security policy come as errors of the console. */
function watch(page: Page, complain: (text: string) => void): void {
  page.on('pageerror', error => complain(`thrown: ${error.stack ?? error.message}`))
  page.on('console', message => {
    if (message.type() === 'error') complain(`console: ${message.text()} ${message.location().url}`)
  })
  page.on('response', response => {
    if (response.status() >= 400) complain(`${response.status()} ${response.request().method()} ${response.url()}`)
  })
}

/** The bytes of a made slide of tissue. */
export async function tissue(width: number, height: number): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-browser-'))
  const path = join(folder, 'tissue.svs')
  await writeSyntheticSlide(path, { width, height, seed: 11 })
  const bytes = await readFile(path)
  await rm(folder, { recursive: true, force: true })
  return bytes
}

/** Uploads a slide and waits until it can be viewed. */
export async function viewable({ client }: World, name: string, bytes: Buffer): Promise<string> {
  const id = await client.upload([{ name, bytes }])
  await eventually(60, `${name} to be viewable`, async () =>
    (await client.tiled(id)) && (await client.slide(id)).state === 'ready' ? true : undefined,
  )
  return id
}
