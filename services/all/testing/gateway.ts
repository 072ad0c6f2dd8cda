/** The gateway of a test, with the services behind it in the same process, and what a test says to it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { access } from '@coverslip/access/module.ts'
import { annotations } from '@coverslip/annotations/module.ts'
import { catalog } from '@coverslip/catalog/module.ts'
import { publicGateway } from '@coverslip/gateway/public/module.ts'
import type { EventContext, Module, Running } from '@coverslip/platform/module.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'

export interface TestGateway {
  system: TestSystem
  /** Makes a slide as de-identification would; its id. */
  addSlide(project?: string): Promise<string>
  /** A request as the owner unless other credentials are given; a body becomes JSON. */
  send(method: string, path: string, body?: unknown, token?: string | null): Promise<Response>
  get(path: string, token?: string | null): Promise<Response>
  /** The one-time code for an account, invited as the owner unless told. */
  invite(
    who: { email: string; role: string; project?: string },
    token?: string,
  ): Promise<{ status: number; code: string }>
  /** Invites and redeems: the answer, its cookie, and the session in it. */
  signIn(who: { email: string; role: string; project?: string }): Promise<{ cookie: string; session: string }>
  stop(): Promise<void>
}

const CONTEXT: EventContext = { signal: new AbortController().signal, deliveryCount: 1, traceparent: undefined }

/** @param modules further ones */
export async function startGateway(
  environment: Record<string, string> = {},
  modules: Module[] = [],
): Promise<TestGateway> {
  const data = await mkdtemp(join(tmpdir(), 'coverslip-test-'))
  let cataloged: Running
  const tapped = {
    ...catalog,
    start: async (deps: Parameters<typeof catalog.start>[0]) => {
      cataloged = await catalog.start(deps)
      return cataloged
    },
  }
  const system = await startSystem([access, tapped, annotations, publicGateway, ...modules], { data, environment })
  const owner = (await readFile(join(data, 'owner-token'), 'utf8')).trim()

  const send: TestGateway['send'] = (method, path, body, token = owner) =>
    system.fetch(path, {
      method,
      token,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  const invite: TestGateway['invite'] = async ({ project = 'default', ...who }, token = owner) => {
    const answer = await send('POST', '/api/invitations', { ...who, project }, token)
    const { link } = (await answer.json()) as { link?: string }
    return { status: answer.status, code: link ? new URL(link).hash.slice(1) : '' }
  }
  return {
    system,
    send,
    get: (path, token = owner) => send('GET', path, undefined, token),
    invite,
    async addSlide(project = 'default') {
      const slideId = crypto.randomUUID()
      const geometry = { width: 300, height: 200, mpp: { x: 0.5, y: 0.5 } }
      const event = { slideId, revision: 1, project, geometry, reportJson: '{"removed":3}' }
      await cataloged.consumers!['slides.deidentified']!.handle(SlideDeidentified.fromPartial(event), CONTEXT)
      return slideId
    },
    async signIn(who) {
      const { code } = await invite(who)
      const answer = await send('POST', '/api/session', { code }, null)
      const cookie = answer.headers.get('set-cookie')!
      return { cookie, session: /coverslip_session=([^;]+)/.exec(cookie)![1]! }
    },
    async stop() {
      await system.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** Asks until the status is the one expected, for five seconds: what a revocation may take to be in force everywhere. */
export async function statusWithin5s(ask: () => Promise<Response>, expected: number): Promise<number> {
  const deadline = performance.now() + 5000
  for (;;) {
    const answer = await ask()
    await answer.arrayBuffer()
    if (answer.status === expected || performance.now() > deadline) return answer.status
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
