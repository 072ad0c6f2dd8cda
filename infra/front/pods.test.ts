import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { renderFront, sharesOf } from './nginx.ts'

const PODS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const
const hasNginx = ((): boolean => {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

test('shares are equal and leave nobody out', () => {
  expect(sharesOf(1)).toBe('* 0;')
  expect(sharesOf(2)).toBe('50% 0; * 1;')
  expect(sharesOf(3)).toBe('33.33% 0; 33.33% 1; * 2;')
})

describe.skipIf(!hasNginx)(`the front in front of pods${hasNginx ? '' : ' (skipped: nginx is not installed)'}`, () => {
  let folder: string
  let url: string
  let front: ChildProcess
  const pods = new Map<string, Server>()

  /** What DNS answers: getent, which the script asks, prints this file. */
  const answer = (addresses: readonly string[]): void =>
    writeFileSync(join(folder, 'dns'), addresses.map(one => `${one} STREAM pods\n${one} DGRAM\n`).join(''))
  // Each on a connection of its own: one that waits may end with a reload just as it is used again, and a client then
  // resends by itself, as browsers do.
  const ask = async (slide: string): Promise<string> => {
    const answered = await fetch(`${url}/tiles/${slide}/default/0/0_0.jpeg`, { headers: { connection: 'close' } })
    return answered.text()
  }
  const startPod = async (address: string, port: number): Promise<number> => {
    const server = createServer((_, res) => void res.end(address))
    await new Promise<void>(resolve => server.listen(port, address, resolve))
    pods.set(address, server)
    return (server.address() as AddressInfo).port
  }
  const slides = Array.from({ length: 24 }, (_, i) => `slide-${i}`)
  const homes = async (): Promise<Record<string, string>> =>
    Object.fromEntries(await Promise.all(slides.map(async slide => [slide, await ask(slide)])))

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coverslip-front-'))
    const port = await startPod(PODS[0], 0)
    for (const pod of PODS.slice(1)) await startPod(pod, port)
    answer(PODS.slice(0, 2))
    writeFileSync(join(folder, 'getent'), `#!/bin/sh\ncase $2 in slides-tiles-pods) cat ${folder}/dns ;; esac\n`, {
      mode: 0o755,
    })
    const servers = join(folder, 'servers')
    const upstreams = { tiles: join(servers, 'tiles'), public: join(servers, 'public') }
    const http = createServer()
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
    const free = (http.address() as AddressInfo).port
    await new Promise(resolve => http.close(resolve))
    url = `http://127.0.0.1:${free}`
    writeFileSync(join(folder, 'nginx.conf'), renderFront({ listen: `127.0.0.1:${free}`, upstreams, work: folder }))
    front = spawn('sh', [new URL('../../charts/coverslip/files/front.sh', import.meta.url).pathname], {
      env: {
        PATH: `${folder}:${process.env.PATH}:/usr/sbin`,
        CONF: join(folder, 'nginx.conf'),
        SERVERS: servers,
        SERVICES: 'tiles public',
        PODS_OF: 'slides-',
        PORT: String(port),
      },
      stdio: 'ignore',
    })
    await vi.waitFor(() => ask('x'), { timeout: 8000, interval: 100 })
  })
  afterAll(async () => {
    const gone = new Promise(resolve => front?.once('exit', resolve))
    front?.kill('SIGTERM')
    await gone
    for (const pod of pods.values()) pod.close().closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a slide stays at its pod, and slides are shared among the pods', async () => {
    const first = await homes()
    expect(await homes()).toEqual(first)
    expect(new Set(Object.values(first))).toEqual(new Set(PODS.slice(0, 2)))
  })

  test('a service without pods is told of as unavailable, with when to come again', async () => {
    const answered = await fetch(`${url}/api/session`)
    expect(answered.status).toBe(503)
    expect(answered.headers.get('retry-after')).toBe('2')
    expect(await answered.json()).toMatchObject({ code: 'unavailable' })
  })

  test('a pod that comes takes some slides over, and no others move', { timeout: 15_000 }, async () => {
    const before = await homes()
    answer(PODS)
    await expect.poll(async () => Object.values(await homes()), { timeout: 8000, interval: 300 }).toContain(PODS[2])
    const after = await homes()
    for (const slide of slides) expect([before[slide], PODS[2]]).toContain(after[slide])
  })

  test('a pod that is gone costs no request, before and after DNS knows it', { timeout: 15_000 }, async () => {
    pods.get(PODS[0])!.close().closeAllConnections()
    expect(Object.values(await homes())).not.toContain(PODS[0])
    answer(PODS.slice(1))
    const until = Date.now() + 3000
    while (Date.now() < until) expect(await ask(slides[Date.now() % 24]!)).toMatch(/^127\.0\.0\.[23]$/)
  })

  test('where DNS knows nobody, the pods that were known are asked', { timeout: 15_000 }, async () => {
    answer([])
    const until = Date.now() + 3000
    while (Date.now() < until) expect(await ask('x')).toMatch(/^127/)
    expect(readFileSync(join(folder, 'servers/tiles'), 'utf8')).toContain(PODS[1])
  })
})
