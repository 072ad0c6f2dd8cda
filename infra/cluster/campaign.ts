/**
 * An annotation campaign while something befalls the system: people look at tiles whose bytes are known, draw, and upload.
 * Whatever was confirmed to them must be there in the end, once.
 */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, eventually, withJson } from '../../services/e2e/client.ts'
import { madeBytes } from '../../services/e2e/suites/made.ts'

const READERS = 3
const LOOK_EVERY_MS = 40
const DRAW_EVERY_MS = 250
const UPLOAD_EVERY_MS = 4000
/** As long as a person waits before they think that it hangs. */
const PATIENCE_MS = 10_000

type Kind = 'tile' | 'drawing' | 'upload' | 'repeated'
interface Answer {
  kind: Kind
  at: number
  /** `ok`, `wrong` bytes, a status, or what the connection said. */
  what: string
}

export interface Campaign {
  /** Milliseconds of performance.now(); failures since then count for what happened then. */
  since(at: number): { asked: Record<Kind, number>; failed: Record<Kind, number>; says: string[]; lastFailure: number }
  stop(): Promise<void>
  /** Waits until everything is through and compares. @throws Error that says what was lost or doubled */
  verify(): Promise<{ annotations: number; slides: number }>
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** A status, the code of a broken connection, or the kind of error. */
function named(error: unknown): string {
  const { cause, message, name } = error as Error
  return /: (\d{3}) /.exec(message)?.[1] ?? (cause as { code?: string })?.code ?? name
}

/** Where a server hung up while a request was on its way, browsers send it again if it only reads. */
const HUNG_UP = /^(ECONNRESET|UND_ERR_SOCKET|EPIPE)$/

export async function beginCampaign(client: Client): Promise<Campaign> {
  const slides = await Promise.all([madeReady(client, 101), madeReady(client, 102)])
  const known = (await Promise.all(slides.map(id => tilesOf(client, id)))).flat()
  const answers: Answer[] = []
  const drawn: { slide: string; id: string }[] = []
  const uploaded: string[] = []
  let stopped = false

  async function ask(kind: Kind, work: () => Promise<string>): Promise<void> {
    const what = await work().catch(named)
    answers.push({ kind, at: performance.now(), what })
  }
  const look = () =>
    ask('tile', async () => {
      const { path, sha256 } = known[Math.floor(Math.random() * known.length)]!
      const get = (): Promise<Response> => client.get(path, { signal: AbortSignal.timeout(PATIENCE_MS) })
      const answer = await get().catch(error => {
        if (!HUNG_UP.test(named(error))) throw error
        answers.push({ kind: 'repeated', at: performance.now(), what: 'ok' })
        return get()
      })
      const bytes = new Uint8Array(await answer.arrayBuffer())
      if (!answer.ok) return String(answer.status)
      return digest(bytes) === sha256 ? 'ok' : 'wrong'
    })
  const draw = () =>
    ask('drawing', async () => {
      const slide = slides[drawn.length % slides.length]!
      const id = randomUUID()
      const geometry = { type: 'Point', coordinates: [5, 5] }
      const init = withJson('POST', { type: 'Feature', id, geometry, properties: {} })
      const signal = AbortSignal.timeout(PATIENCE_MS)
      const answer = await client.get(`/api/slides/${slide}/annotations`, { ...init, signal })
      await answer.arrayBuffer()
      if (answer.status !== 201) return String(answer.status)
      drawn.push({ slide, id })
      return 'ok'
    })
  let seed = 1000
  const upload = () =>
    ask('upload', async () => {
      seed += 1
      const bytes = await madeBytes({ width: 700, height: 500, seed })
      uploaded.push(await client.upload([{ name: `${seed}.svs`, bytes }]))
      return 'ok'
    })
  const loop = async (work: () => Promise<void>, every: number): Promise<void> => {
    while (!stopped) {
      await work()
      await sleep(every)
    }
  }
  const loops = [
    ...Array.from({ length: READERS }, () => loop(look, LOOK_EVERY_MS)),
    loop(draw, DRAW_EVERY_MS),
    loop(upload, UPLOAD_EVERY_MS),
  ]
  return {
    since(at) {
      const later = answers.filter(one => one.at >= at)
      const bad = later.filter(({ what }) => what !== 'ok')
      const counted = (all: Answer[]): Record<Kind, number> => {
        const of = (kind: Kind): number => all.filter(one => one.kind === kind).length
        return { tile: of('tile'), drawing: of('drawing'), upload: of('upload'), repeated: of('repeated') }
      }
      const says = [...new Set(bad.map(({ kind, what }) => `${kind} ${what}`))]
      return { asked: counted(later), failed: counted(bad), says, lastFailure: bad.at(-1)?.at ?? at }
    },
    async stop() {
      stopped = true
      await Promise.all(loops)
    },
    async verify() {
      for (const id of uploaded) await client.until(id, 'ready', 300)
      await nothingDoubled(client, uploaded)
      for (const slide of slides) {
        const wanted = drawn.filter(one => one.slide === slide).map(({ id }) => id)
        await annotationsThere(client, slide, wanted)
      }
      return { annotations: drawn.length, slides: uploaded.length }
    },
  }
}

async function madeReady(client: Client, seed: number): Promise<string> {
  const bytes = await madeBytes({ width: 3000, height: 2000, seed })
  const id = await client.upload([{ name: `${seed}.svs`, bytes }])
  await client.until(id, 'ready', 300)
  await eventually(60, 'the tiles of the pyramid', () => client.tiled(id))
  return id
}

async function tilesOf(client: Client, id: string): Promise<{ path: string; sha256: string }[]> {
  const places = Array.from({ length: 12 * 8 }, (_, i) => `12/${i % 12}_${Math.floor(i / 12)}`)
  const found = places.map(async place => {
    const path = `/tiles/${id}/1_files/${place}.jpeg`
    const answer = await client.get(path)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return answer.ok ? [{ path, sha256: digest(bytes) }] : []
  })
  const tiles = (await Promise.all(found)).flat()
  if (tiles.length < 20) throw new Error(`only ${tiles.length} tiles of ${id} answer`)
  return tiles
}

async function nothingDoubled(client: Client, uploaded: string[]): Promise<void> {
  const listed: string[] = []
  for (let cursor = ''; ; ) {
    const page = await client.json<{ slides: { id: string; state: string }[]; nextCursor: string | null }>(
      `/api/slides?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    )
    listed.push(...page.slides.map(({ id }) => id))
    if (!page.nextCursor) break
    cursor = page.nextCursor
  }
  const wrong = uploaded.filter(id => listed.filter(one => one === id).length !== 1)
  if (wrong.length > 0) throw new Error(`${wrong.length} of ${uploaded.length} slides are not listed once: ${wrong[0]}`)
}

async function annotationsThere(client: Client, slide: string, wanted: string[]): Promise<void> {
  const missing: string[] = []
  for (const id of wanted) {
    const { status } = await client.get(`/api/slides/${slide}/annotations/${id}`)
    if (status !== 200) missing.push(`${id}: ${status}`)
  }
  if (missing.length > 0)
    throw new Error(`${missing.length} of ${wanted.length} confirmed annotations are missing: ${missing[0]}`)
}
