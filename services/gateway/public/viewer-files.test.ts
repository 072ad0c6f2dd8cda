import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicGateway } from './module.ts'
import { signInAddress } from './viewer-files.ts'

let system: TestSystem
let dist: string

beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'coverslip-dist-'))
  await mkdir(join(dist, 'assets'))
  await writeFile(join(dist, 'index.html'), '<!doctype html><title>Coverslip</title>')
  await writeFile(join(dist, 'assets/main-C4fe12.js'), 'console.log(1);'.repeat(100))
  await writeFile(join(dist, 'secret.txt'), 'not for anybody')
  system = await startSystem([publicGateway], { environment: { VIEWER_DIST: dist } })
})
afterAll(async () => {
  await system?.stop()
  await rm(dist, { recursive: true, force: true })
})

/** fetch() would tidy the path up first. */
const statusOf = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(system.url)
    request({ hostname, port, path }, res => resolve(res.resume().statusCode!))
      .on('error', reject)
      .end()
  })

describe("the viewer's files", () => {
  it('send whoever is not signed in to the sign-in page', async () => {
    const slide = `/slides/${crypto.randomUUID()}?x=10&y=-2.5&zoom=-3`
    const project = '/projects/liver/subjects'
    const goals = {
      '/': '/sign-in',
      [slide]: `/sign-in?next=${encodeURIComponent(slide)}`,
      [project]: `/sign-in?next=${encodeURIComponent(project)}`,
    }
    for (const [path, goal] of Object.entries(goals)) {
      const answer = await system.fetch(path, { token: null, redirect: 'manual' })
      expect([answer.status, answer.headers.get('location')]).toEqual([302, goal])
    }
    expect((await system.fetch(goals[slide]!, { token: null })).status).toBe(200)
    expect((await system.fetch('/sign-in', { token: null })).status).toBe(200)
  })

  it.each([
    '/slides/a/b',
    '/slides/..%2fapi',
    '/slides//evil.example',
    '/slides/a?next=https://evil.example',
    '//slides/a',
    '/projects/..%2f/subjects',
    '/projects/liver/subjects/a/b',
    '/projects//evil.example',
  ])('lead back to pages only, not to %s', asked => expect(signInAddress(asked)).toBe('/sign-in'))

  it('are one page, under a policy that lets nothing foreign in', async () => {
    const answer = await system.fetch('/slides/whatever')
    expect(await answer.text()).toContain('<title>Coverslip</title>')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(answer.headers.get('cache-control')).toBe('no-cache')
  })

  it('may be kept for ever when their name tells what they are', async () => {
    const answer = await system.fetch('/assets/main-C4fe12.js', { token: null })
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(answer.headers.get('cache-control')).toContain('immutable')
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect(await answer.text()).toBe('console.log(1);'.repeat(100))
    const plain = await system.fetch('/assets/main-C4fe12.js', { headers: { 'accept-encoding': 'identity' } })
    expect([plain.headers.get('content-encoding'), (await plain.text()).length]).toEqual([null, 1500])
  })

  it.each([
    '/assets/../secret.txt',
    '/assets/..%2fsecret.txt',
    '/assets/..%5csecret.txt',
    '/assets/%2e%2e%2fsecret.txt',
    '/assets/.hidden',
    '/assets/%00',
    '/assets/missing.js',
  ])('are nothing else: %s', async path => expect(await statusOf(path)).toBe(404))
})
