/** The human gate: nobody but reviewers knows of a slide before a person has let it out, and then under its name only. */
import { setTimeout as sleep } from 'node:timers/promises'
import { review, reviewsRoutes } from '@coverslip/proto/api/reviews.ts'
import type { Slide } from '@coverslip/proto/api.ts'
import { FAKE_PATIENT } from '@coverslip/wsi/synthetic/index.ts'
import { decodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, eventually, withJson } from '../client.ts'
import type { Shape } from '../shape.ts'
import { madeBytes } from './made.ts'
import { signedIn } from './people.ts'

const PROJECT = 'gated'
const SOURCE_NAME = `${FAKE_PATIENT.fileName}.svs`
const [WIDTH, HEIGHT] = [1500, 1100]
/** Level-0 pixels; no multiples of a tile or of a JPEG block. */
const MARKED = { x: 403, y: 310, width: 370, height: 290 }
/** What a person can tell from white. */
const WHITE = 225
/** Blocks of 16 pixels touch the mark's edge, and a viewer's chroma is spread over the next one. */
const EDGE = 32
/** On the levels above, a block that holds the edge rings to either side of it. */
const RINGING = 16

export function reviewingSuite(shape: () => Shape): void {
  let client: Client
  let viewer: string
  let stranger: string
  let bytes: Buffer

  beforeAll(async () => {
    client = clientOf(shape())
    ;[viewer, stranger, bytes] = await Promise.all([
      signedIn(shape(), 'gate-viewer@example.org', PROJECT, 'viewer'),
      signedIn(shape(), 'gate-stranger@example.org', 'elsewhere', 'owner'),
      madeBytes({ width: WIDTH, height: HEIGHT, seed: 5 }),
    ])
    await client.json(`/api/projects/${PROJECT}/gate`, withJson('PUT', { on: true, reason: 'slides of patients' }))
  })

  const reviewOf = async (id: string) => review.parse(await client.json(`/api/reviews/${id}`))
  const decide = (id: string, body: object) => client.get(`/api/reviews/${id}/decision`, withJson('POST', body))
  async function approve(id: string, revision = 1): Promise<void> {
    for (const image of (await reviewOf(id)).images)
      await (await client.get(`/api/reviews/${id}/images/${image}`)).bytes()
    expect((await decide(id, { revision, decision: 'approve' })).status).toBe(200)
  }

  async function waiting(): Promise<string> {
    const id = await client.upload([{ name: SOURCE_NAME, bytes }], PROJECT)
    await client.until(id, 'review')
    return id
  }

  async function released(id: string): Promise<Slide> {
    await client.until(id, 'ready')
    await eventually(20, 'the tiles', () => client.tiled(id))
    return eventually(10, 'the catalog', async () => {
      const slide = await client.slide(id)
      return slide.state === 'ready' ? slide : undefined
    })
  }

  /** Everything that anybody can ask about a slide after its release, as text. */
  async function everythingSaid(id: string): Promise<string> {
    const paths = [
      ...['', '/annotations', '/quality', '/deidentification', '/deidentification/page'].map(
        part => `/api/slides/${id}${part}`,
      ),
      `/api/reviews/${id}`,
      `/api/intake/slides/${id}`,
      `/tiles/${id}.dzi`,
      ...['/api/slides', '/api/reviews', '/api/intake/slides', `/api/projects/${PROJECT}/releases`],
      `/api/projects/${PROJECT}/gate/audit`,
    ]
    const answers = await Promise.all(
      paths.map(async path => {
        const answer = await client.get(path)
        expect({ path, ok: answer.ok }).toEqual({ path, ok: true })
        return answer.text()
      }),
    )
    return answers.join('\n')
  }

  describe('a slide that waits', () => {
    let id: string
    beforeAll(async () => {
      id = await waiting()
    })

    test('is unknown to the public side', async () => {
      const paths = ['', '/pyramid', '/original', '/annotations', '/quality'].map(part => `/api/slides/${id}${part}`)
      for (const path of [...paths, `/tiles/${id}.dzi`, `/tiles/${id}/thumbnail.jpeg?max=64`]) {
        expect({ path, status: (await client.get(path)).status }).toEqual({ path, status: 404 })
      }
      const { slides } = await client.json<{ slides: Slide[] }>('/api/slides?limit=1000')
      expect(slides.map(slide => slide.id)).not.toContain(id)
    })

    test.each(
      reviewsRoutes
        .filter(({ path }) => /^\/api\/reviews\/\{id\}/.test(path))
        .map(({ method, path }) => [method, path]),
    )('%s %s: a viewer may not, a stranger finds nothing', async (method, template) => {
      const path = `${template.replace('{id}', id).replace('{image}', 'after-thumbnail')}`
      const query = path.endsWith('/region') ? '?x=0&y=0&width=99&height=99' : ''
      const body = path.endsWith('/redactions')
        ? { revision: 1, regions: [MARKED] }
        : { revision: 1, decision: 'approve' }
      const ask = async (token: string) =>
        (await clientOf(shape(), token).get(`${path}${query}`, method === 'POST' ? withJson('POST', body) : {})).status
      expect([await ask(viewer), await ask(stranger)]).toEqual([403, 404])
      expect((await reviewOf(id)).state).toBe('waiting')
    })

    test('shows a reviewer no word of the patient, but the pictures of before and after', async () => {
      const { images, researchNumber, naming } = await reviewOf(id)
      expect(researchNumber).toMatch(/^R-/)
      expect(naming.preview).toContain('?')
      for (const image of images) {
        const answer = await client.get(`/api/reviews/${id}/images/${image}`)
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
        expect(answer.headers.get('cache-control')).toMatch(/no-store/)
      }
      const text = await (await client.get(`/api/reviews/${id}`)).text()
      for (const word of Object.values(FAKE_PATIENT)) expect(text).not.toContain(word)
    })
  })

  test('what is marked is white on every level, everything else is as it was', async () => {
    const [marked, plain] = await Promise.all([waiting(), waiting()])
    const redact = (revision: number) =>
      client.get(`/api/reviews/${marked}/redactions`, withJson('POST', { revision, regions: [MARKED] }))
    expect((await redact(1)).status).toBe(202)
    expect([409]).toContain((await decide(marked, { revision: 1, decision: 'approve' })).status)
    await eventually(60, 'the second revision', async () => {
      const { state, revision } = await reviewOf(marked)
      return state === 'waiting' && revision === 2 ? true : undefined
    })
    expect((await decide(marked, { revision: 1, decision: 'approve' })).status).toBe(409)
    expect((await redact(1)).status).toBe(409)
    // Nobody has seen the pictures of the second revision.
    expect((await decide(marked, { revision: 2, decision: 'approve' })).status).toBe(409)
    await approve(marked, 2)
    await approve(plain)
    const [{ revision }] = await Promise.all([released(marked), released(plain)])
    expect(revision).toBe(2)
    for (let level = 11; level >= 8; level -= 1) await expectOnlyMarkedDiffers(client, marked, plain, level)
  })

  test('a slide that is approved has its random name, and nothing else of what it came with', async () => {
    const id = await waiting()
    const { researchNumber } = await reviewOf(id)
    await approve(id)
    const slide = await released(id)
    const { releaseName, state, history } = await reviewOf(id)
    expect([state, slide.name]).toEqual(['approved', releaseName])
    expect(slide.name).toMatch(/^C1-GATE-[0-9A-Z]{9}-XX-0-[0-9A-Z]{4}$/)
    expect(history.map(({ what }) => what)).toContain('approved')
    expect(await client.json(`/api/intake/slides/${id}`)).toMatchObject({
      sourceName: null,
      researchNumber: null,
      releaseName,
    })
    // Others of this suite still wait under their research numbers, and with their source's name.
    const said = (await everythingSaid(id)).toLowerCase()
    expect(said).not.toContain(researchNumber!.toLowerCase())
    const mine = JSON.stringify([slide, await client.json(`/api/intake/slides/${id}`), await reviewOf(id)])
    for (const word of Object.values(FAKE_PATIENT)) expect(mine.toLowerCase()).not.toContain(word.toLowerCase())
  })

  test('the names of a project follow its nomenclature', async () => {
    const slots = [
      { kind: 'scheme', name: 'scheme' },
      { kind: 'random', name: 'slide', width: 6 },
      { kind: 'subject', name: 'subject' },
    ]
    await client.json(`/api/projects/${PROJECT}/nomenclature`, withJson('PUT', { scheme: 'ZZ9', slots }))
    const id = await waiting()
    await approve(id)
    expect((await released(id)).name).toMatch(/^ZZ9-[0-9A-Z]{6}-[0-9A-Z]{9}$/)
  })

  test('a slide that is rejected leaves nothing that could be taken', async () => {
    const id = await waiting()
    const words = 'a sticker shows a name'
    expect((await decide(id, { revision: 1, decision: 'reject', reason: words })).status).toBe(200)
    const intake = await client.until(id, 'rejected')
    expect(intake.code).toBe('rejected')
    // The reviewer's words may quote what was to be hidden.
    expect(intake.reason).not.toContain(words)
    expect((await decide(id, { revision: 1, decision: 'approve' })).status).toBe(409)
    await sleep(500)
    for (const path of [`/api/slides/${id}`, `/api/slides/${id}/original`, `/api/slides/${id}/pyramid`]) {
      expect({ path, status: (await client.get(path)).status }).toEqual({ path, status: 404 })
    }
    await eventually(20, 'the result to be removed', async () =>
      (await shape().objects('original', id)).size === 0 ? true : undefined,
    )
    expect((await shape().objects('pyramid', id)).size).toBe(0)
  })
}

/** A whole level of a slide from its tiles, as RGB. */
async function levelOf(client: Client, id: string, level: number) {
  const { revision } = await client.slide(id)
  const scale = 2 ** (11 - level)
  const [width, height] = [Math.ceil(WIDTH / scale), Math.ceil(HEIGHT / scale)]
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y += 256) {
    for (let x = 0; x < width; x += 256) {
      const answer = await client.get(`/tiles/${id}/${revision}_files/${level}/${x / 256}_${y / 256}.jpeg`)
      expect(answer.status).toBe(200)
      const tile = decodeRgb(Buffer.from(await answer.arrayBuffer()))
      for (let row = 0; row < tile.height; row += 1) {
        const line = tile.data.subarray(row * tile.width * 3, (row + 1) * tile.width * 3)
        data.set(line, ((y + row) * width + x) * 3)
      }
    }
  }
  return { width, height, data, scale }
}

async function expectOnlyMarkedDiffers(client: Client, marked: string, plain: string, level: number): Promise<void> {
  const [after, before] = await Promise.all([levelOf(client, marked, level), levelOf(client, plain, level)])
  const [left, top] = [MARKED.x / after.scale, MARKED.y / after.scale]
  const [right, bottom] = [left + MARKED.width / after.scale, top + MARKED.height / after.scale]
  const near = after.scale === 1 ? 0 : RINGING
  let [inside, darkest, outside] = [0, 255, 0]
  for (let y = 0; y < after.height; y += 1) {
    for (let x = 0; x < after.width; x += 1) {
      const at = 3 * (y * after.width + x)
      const values = after.data.subarray(at, at + 3)
      if (x >= left + near && x < right - near && y >= top + near && y < bottom - near) {
        inside += 1
        darkest = Math.min(darkest, ...values)
      } else if (x < left - EDGE || x >= right + EDGE || y < top - EDGE || y >= bottom + EDGE) {
        if (!values.equals(before.data.subarray(at, at + 3))) outside += 1
      }
    }
  }
  expect({ level, inside: inside > 0, isWhite: darkest >= WHITE, outside }).toEqual({
    level,
    inside: true,
    isWhite: true,
    outside: 0,
  })
}
