/**
 * Asks a running Coverslip what it is for: `node infra/image/first-slide.ts ADDRESS`. The front answers; with an API token
 * (COVERSLIP_TOKEN_FILE), or the key to sign one (SIGNING_KEY_FILE, in a trial), a made slide is sent, let through the
 * gate, and taken away again after a tile of it came. `helm test` runs it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readPrivateKey, signToken } from '@coverslip/platform/auth/token.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'

const PROJECT = 'helm-test'
const WIDTH = 700
const NOBODYS = '00000000-0000-4000-8000-000000000000'
/** Rules of the network reach the nodes some moments after a pod does. */
const NETWORK_MS = 30_000
const SLIDE_MS = 180_000

type Ask = (path: string, init?: RequestInit) => Promise<Response>

const front = process.argv[2]
if (!front) {
  process.stderr.write('usage: node infra/image/first-slide.ts ADDRESS\n')
  process.exit(2)
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${front}${path}`, { signal: AbortSignal.timeout(10_000), ...init })

/** @throws what `look` threw last, when it finds nothing in time */
async function until<Found>(ms: number, look: () => Promise<Found | undefined>): Promise<Found> {
  const deadline = Date.now() + ms
  for (;;) {
    const late = Date.now() > deadline
    const found = await look().catch(error => {
      if (late) throw error
    })
    if (found) return found
    if (late) throw new Error('waited in vain')
    await sleep(500)
  }
}

async function expectFront(): Promise<void> {
  await until(NETWORK_MS, async () => (await ask('/readyz')).ok)
  const expected = { '/': 200, [`/tiles/${NOBODYS}.dzi`]: 401 }
  for (const [path, status] of Object.entries(expected)) {
    await until(NETWORK_MS, async () => {
      const answer = await ask(path)
      if (answer.status !== status) throw new Error(`${path} answers ${answer.status}, not ${status}`)
      return true
    })
    say(`${path} answers ${status}`)
  }
}

async function findToken(): Promise<string | undefined> {
  const { COVERSLIP_TOKEN_FILE, SIGNING_KEY_FILE, SITE = 'onprem' } = process.env
  if (COVERSLIP_TOKEN_FILE) return (await readFile(COVERSLIP_TOKEN_FILE, 'utf8')).trim()
  if (!SIGNING_KEY_FILE) return undefined
  const key = readPrivateKey(await readFile(SIGNING_KEY_FILE, 'utf8'))
  const claims = { sub: 'helm-test', kind: 'token', roles: { '*': 'owner' }, level: 0, site: SITE } as const
  return (await signToken(key, { ...claims, lifeSeconds: 600 })).token
}

const withToken =
  (token: string): Ask =>
  (path, init = {}) =>
    ask(path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })

async function made(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-first-'))
  const path = join(folder, 'slide.svs')
  // Another slide each time: one that is there already would be a duplicate.
  await writeSyntheticSlide(path, { width: WIDTH, height: 500, seed: Date.now() % 2 ** 31, workers: 1 })
  return readFile(path).finally(() => rm(folder, { recursive: true }))
}

/** Uploads by tus. @returns the slide's id */
async function send(api: Ask, bytes: Buffer): Promise<string> {
  const tus = { 'tus-resumable': '1.0.0' }
  const metadata = Object.entries({ filename: 'slide.svs', project: PROJECT })
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
  const headers = { ...tus, 'upload-length': String(bytes.length), 'upload-metadata': metadata }
  const created = await expectOk(await api('/api/intake/uploads', { method: 'POST', headers }))
  const { pathname } = new URL(created.headers.get('location')!, front)
  const sent = { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
  await expectOk(await api(pathname, { method: 'PATCH', headers: sent, body: new Uint8Array(bytes) }))
  return created.headers.get('coverslip-slide-id')!
}

/** Looks at what a person would look at, and lets the slide through. */
async function approve(api: Ask, id: string): Promise<void> {
  const { images, revision } = (await (await expectOk(await api(`/api/reviews/${id}`))).json()) as {
    images: string[]
    revision: number
  }
  for (const image of images) await (await expectOk(await api(`/api/reviews/${id}/images/${image}`))).arrayBuffer()
  const body = JSON.stringify({ revision, decision: 'approve' })
  const headers = { 'content-type': 'application/json' }
  await expectOk(await api(`/api/reviews/${id}/decision`, { method: 'POST', headers, body }))
}

async function untilReady(api: Ask, id: string): Promise<void> {
  let state = ''
  await until(SLIDE_MS, async () => {
    const told = (await (await expectOk(await api(`/api/intake/slides/${id}`))).json()) as Record<string, string>
    if (told.state !== state) say(`the slide is ${told.state}`)
    state = told.state ?? ''
    if (state === 'review') await approve(api, id)
    return state === 'ready' || ['failed', 'quarantined', 'rejected', 'held', 'duplicate'].includes(state)
  })
  if (state !== 'ready') throw new Error(`the slide ended as ${state}`)
}

async function expectTile(api: Ask, id: string): Promise<void> {
  const level = Math.ceil(Math.log2(WIDTH))
  const tile = await until(NETWORK_MS, async () => {
    const answer = await api(`/tiles/${id}/1_files/${level}/0_0.jpeg`)
    return answer.ok ? Buffer.from(await answer.arrayBuffer()) : undefined
  })
  if (tile.subarray(0, 2).toString('hex') !== 'ffd8') throw new Error('a tile is no JPEG')
  say(`a tile of it has ${tile.length} bytes`)
}

async function expectOk(answer: Response): Promise<Response> {
  if (!answer.ok) throw new Error(`${new URL(answer.url).pathname} answers ${answer.status} ${await answer.text()}`)
  return answer
}

await expectFront()
const token = await findToken()
if (token) {
  const api = withToken(token)
  const bytes = await made()
  const id = await until(NETWORK_MS, () => send(api, bytes))
  try {
    await untilReady(api, id)
    await expectTile(api, id)
  } finally {
    await api(`/api/slides/${id}`, { method: 'DELETE' })
  }
} else say('no slide is sent: there is no API token (test.token)')
