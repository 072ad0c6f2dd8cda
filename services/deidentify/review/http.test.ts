/** The gate over HTTP: who may do what, what a reviewer is shown, and that none of it names the patient. */
import { createPublicKey } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Deps, Running } from '@coverslip/platform/module.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { releasesRoutes } from '@coverslip/proto/api/releases.ts'
import { gate, review, reviewSummary, reviewsRoutes } from '@coverslip/proto/api/reviews.ts'
import { routeName } from '@coverslip/proto/api.ts'
import { subjects } from '@coverslip/subjects/module.ts'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { deidentify } from '../module.ts'
import { isGenuine } from '../report/signature.ts'
import { eventContext, receivedSlide } from '../testing.ts'

let folder: string
let system: TestSystem
let running: Running
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-review-'))
  await writeSyntheticSlide(join(folder, 'slide.svs'), { width: 1700, height: 1100, workers: 1 })
  const tapped = {
    ...deidentify,
    start: async (deps: Deps) => {
      running = await deidentify.start(deps)
      return running
    },
  }
  system = await startSystem([tapped, subjects])
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function waiting(project = 'default', file = 'slide.svs'): Promise<string> {
  const message = await receivedSlide(system.data, join(folder, file), { project, researchNumber: 'R-7QK2M4ZD' })
  await running.consumers!['slides.received']!.handle(message, eventContext())
  return message.slideId
}
const put = (body: unknown, method = 'PUT', token?: string) => ({
  method,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
  ...(token !== undefined && { token }),
})
const json = async (path: string, init?: Parameters<TestSystem['fetch']>[1]) => (await system.fetch(path, init)).json()
const decideUnseen = (id: string, decision: string, revision = 1) =>
  system.fetch(`/api/reviews/${id}/decision`, put({ revision, decision }, 'POST'))
async function decide(id: string, decision: string, revision = 1) {
  const { images } = review.parse(await json(`/api/reviews/${id}`))
  for (const image of images) await (await system.fetch(`/api/reviews/${id}/images/${image}`)).arrayBuffer()
  return decideUnseen(id, decision, revision)
}

describe('who may come in', () => {
  const BODIES: Record<string, unknown> = {
    'POST /api/reviews/{id}/redactions': { revision: 1, regions: [{ x: 0, y: 0, width: 9, height: 9 }] },
    'POST /api/reviews/{id}/decision': { revision: 1, decision: 'approve' },
    'PUT /api/slides/{id}/release/slots/{slot}': { later: '1' },
    'PUT /api/projects/{project}/gate': { on: false, reason: 'x' },
    'PUT /api/projects/{project}/nomenclature': {
      scheme: 'X1',
      slots: [
        { kind: 'scheme', name: 'scheme' },
        { kind: 'subject', name: 'subject' },
        { kind: 'random', name: 'slide', width: 4 },
      ],
    },
  }
  let id: string
  let released: string
  beforeAll(async () => {
    id = await waiting()
    released = await waiting()
    await decide(released, 'approve')
  })

  it.each([...reviewsRoutes, ...releasesRoutes].map(route => [routeName(route), route] as const))(
    '%s',
    async (name, route) => {
      const path = route.path
        .replace('{id}', route.path.includes('/release/') ? released : id)
        .replace('{project}', 'default')
        .replace('{image}', 'after-thumbnail')
        .replace('{slot}', 'perineural-invasion')
      const query = path.endsWith('/region') ? '?x=0&y=0&width=10&height=10' : ''
      const body = BODIES[name]
      const ask = async (token: string | null) => {
        const init = body ? put(body, route.method) : { method: route.method }
        return (await system.fetch(`${path}${query}`, { ...init, token })).status
      }
      const forged = `${(await system.token()).slice(0, -6)}AAAAAA`
      expect(await ask(null)).toBe(401)
      expect(await ask(forged)).toBe(401)
      const foreign = await system.token({ sub: 'foreign', roles: { elsewhere: 'owner' } })
      expect(await ask(foreign)).toBe(name === 'GET /api/reviews' ? 200 : 404)
      const viewer = await system.token({ sub: 'viewer', roles: { default: 'viewer' } })
      const mayView = name === 'GET /api/projects/{project}/gate'
      expect(await ask(viewer)).toBe(mayView ? 200 : 403)
      if (route.access === 'rules.write' || route.access === 'audit.read') {
        expect(await ask(await system.token({ sub: 'steward', roles: { default: 'steward' } }))).toBe(403)
      }
    },
  )

  it('whoever is signed in may check the signature of a report', async () => {
    expect((await system.fetch('/api/deidentification/key', { token: null })).status).toBe(401)
    const { keyId, publicKey } = (await json('/api/deidentification/key')) as { keyId: string; publicKey: string }
    const { report } = review.parse(await json(`/api/reviews/${id}`)) as unknown as {
      report: { signature: { keyId: string } }
    }
    expect(report.signature.keyId).toBe(keyId)
    expect(isGenuine(report, createPublicKey(publicKey))).toBe(true)
    expect(isGenuine({ ...report, format: 'hamamatsu' }, createPublicKey(publicKey))).toBe(false)
  })

  it('lists hold the slides of projects in which one may review, and no others', async () => {
    const foreign = await system.token({ sub: 'foreign', roles: { elsewhere: 'owner' } })
    expect(await json('/api/reviews', { token: foreign })).toEqual({ reviews: [], nextCursor: null, waiting: 0 })
    expect((await system.fetch('/api/reviews?project=default', { token: foreign })).status).toBe(404)
  })

  it('a foreign slide and one that does not exist are the same', async () => {
    const foreign = await system.token({ sub: 'foreign', roles: { elsewhere: 'owner' } })
    const answers = [`/api/reviews/${id}`, '/api/reviews/5c1cfd0e-0b1a-4f0e-9d6e-0d7b9c7f3a11', '/api/reviews/x'].map(
      async path => {
        const { traceId: _, ...answer } = (await json(path, { token: foreign })) as { traceId?: string }
        return answer
      },
    )
    const [hidden, ...missing] = await Promise.all(answers)
    for (const other of missing) expect(other).toEqual(hidden)
  })
})

describe('what a reviewer is shown', () => {
  it('lists those that wait, longest first, in pages', async () => {
    const ids = [await waiting('paged'), await waiting('paged'), await waiting('paged')]
    const page = z.object({ reviews: z.array(reviewSummary), nextCursor: z.string().nullable(), waiting: z.number() })
    const first = page.parse(await json('/api/reviews?project=paged&state=waiting&limit=2'))
    expect(first.waiting).toBe(3)
    const rest = page.parse(await json(`/api/reviews?project=paged&limit=2&cursor=${first.nextCursor}`))
    expect([...first.reviews, ...rest.reviews].map(({ id }) => id)).toEqual(ids)
    expect(rest.nextCursor).toBeNull()
    expect((await system.fetch('/api/reviews?cursor=nonsense')).status).toBe(400)
  })

  it('is the slide before and after, and the name it would get, without a word of the patient', async () => {
    const id = await waiting()
    const text = await (await system.fetch(`/api/reviews/${id}`)).text()
    const shown = review.parse(JSON.parse(text))
    expect(shown).toMatchObject({
      researchNumber: 'R-7QK2M4ZD',
      width: 1700,
      height: 1100,
      after: { rendition: 'original', associated: [] },
      images: ['before-label', 'before-macro', 'before-thumbnail', 'after-thumbnail'],
      naming: { scheme: 'C1/0', minimum: 5, singledOutBy: ['technique', 'perineural-invasion'] },
    })
    expect(shown.naming.preview).toBe('C1-DEFA-?????????-XX-0-????')
    expect(shown.before.associated.map(({ kind }) => kind).sort()).toEqual(['label', 'macro', 'thumbnail'])
    expect(shown.flagsNote).toMatch(/decide nothing/)
    for (const word of Object.values(FAKE_PATIENT)) expect(text).not.toContain(word)
  })

  it('has the pictures of before and after; none may be kept by a cache', async () => {
    const id = await waiting()
    for (const image of ['before-label', 'before-macro', 'before-thumbnail', 'after-thumbnail']) {
      const answer = await system.fetch(`/api/reviews/${id}/images/${image}`)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('image/jpeg')
      expect(answer.headers.get('cache-control')).toContain('no-store')
      const { format, width } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
      expect(format).toBe('jpeg')
      expect(width).toBeGreaterThan(100)
    }
    expect((await system.fetch(`/api/reviews/${id}/images/after-macro`)).status).toBe(404)
  })

  it('shows any region at any magnification', async () => {
    const id = await waiting()
    const region = async (query: string) => {
      const answer = await system.fetch(`/api/reviews/${id}/region?${query}`)
      return sharp(Buffer.from(await answer.arrayBuffer())).metadata()
    }
    expect(await region('x=100&y=100&width=300&height=200&size=1000')).toMatchObject({ width: 300, height: 200 })
    expect(await region('x=0&y=0&width=1700&height=1100&size=170')).toMatchObject({ width: 170, height: 110 })
    expect(await region('x=1600&y=1000&width=900&height=900&size=64')).toMatchObject({ width: 64, height: 64 })
    expect((await system.fetch(`/api/reviews/${id}/region?x=0&y=0&width=0&height=9`)).status).toBe(400)
  })

  it('after the release is no longer the source, and after a rejection no longer the result', async () => {
    const [released, rejected] = [await waiting(), await waiting()]
    expect((await decide(released, 'approve')).status).toBe(200)
    expect((await decide(rejected, 'reject')).status).toBe(200)
    expect((await system.fetch(`/api/reviews/${released}/images/before-label`)).status).toBe(404)
    expect((await system.fetch(`/api/reviews/${released}/images/after-thumbnail`)).status).toBe(200)
    expect((await system.fetch(`/api/reviews/${rejected}/images/after-thumbnail`)).status).toBe(404)
    expect((await system.fetch(`/api/reviews/${rejected}/region?x=0&y=0&width=9&height=9`)).status).toBe(404)
  })
})

describe.each([
  ['hamamatsu', 'slide.ndpi', ['before-macro']],
  ['mirax', 'slide.mrxs', ['before-label', 'before-macro']],
] as const)('%s', (format, file, associated) => {
  it('is shown before and after, also when regions of it are marked', async () => {
    await writeSyntheticSlide(join(folder, file), { format, width: 1000, height: 800, workers: 1 })
    const id = await waiting('default', file)
    const shown = review.parse(await json(`/api/reviews/${id}`))
    expect(shown).toMatchObject({ format, after: { rendition: 'original', associated: [] } })
    expect(shown.images).toEqual([...associated, 'before-thumbnail', 'after-thumbnail'])
    const { width, height } = shown
    const pictures = [
      ...shown.images.map(image => `images/${image}`),
      `region?x=0&y=0&width=${width}&height=${height}&size=400`,
    ]
    for (const picture of pictures) expect((await system.fetch(`/api/reviews/${id}/${picture}`)).status).toBe(200)
    const regions = [{ x: 300, y: 200, width: 128, height: 128 }]
    await system.fetch(`/api/reviews/${id}/redactions`, put({ revision: 1, regions }, 'POST'))
    await expect
      .poll(async () => review.parse(await json(`/api/reviews/${id}`)), { timeout: 30_000 })
      .toMatchObject({ state: 'waiting', revision: 2, after: { rendition: 'original' } })
    const answer = await system.fetch(`/api/reviews/${id}/region?x=300&y=200&width=128&height=128`)
    const { channels } = await sharp(Buffer.from(await answer.arrayBuffer())).stats()
    for (const { min } of channels) expect(min).toBeGreaterThan(250)
    expect((await decide(id, 'approve', 2)).status).toBe(200)
  }, 60_000)
})

describe('a decision', () => {
  it('to approve takes a look at every picture', async () => {
    const id = await waiting()
    const answer = await decideUnseen(id, 'approve')
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({
      detail:
        'Look at the pictures of this revision first: label before, macro before, thumbnail before, thumbnail after',
    })
    expect((await decideUnseen(id, 'reject')).status).toBe(200)
  })

  it('names the revision that was looked at', async () => {
    const id = await waiting()
    expect((await decide(id, 'approve', 2)).status).toBe(409)
    const answer = await decide(id, 'approve')
    expect(reviewSummary.parse(await answer.json())).toMatchObject({
      state: 'approved',
      researchNumber: null,
      releaseName: expect.stringMatching(/^C1-DEFA-/),
      decision: { decision: 'approve', who: 'test-owner' },
    })
    expect((await decide(id, 'approve')).status).toBe(200)
    expect((await decide(id, 'reject')).status).toBe(409)
  })

  it('on a redaction follows when that is made', async () => {
    const id = await waiting()
    const regions = [{ x: 5, y: 5, width: 60, height: 40 }]
    const asked = await system.fetch(`/api/reviews/${id}/redactions`, put({ revision: 1, regions }, 'POST'))
    expect(asked.status).toBe(202)
    await expect
      .poll(async () => review.parse(await json(`/api/reviews/${id}`)), { timeout: 20_000 })
      .toMatchObject({ state: 'waiting', revision: 2, redacted: regions })
    const { history } = review.parse(await json(`/api/reviews/${id}`))
    expect(history.map(({ what }) => what)).toEqual(['redaction-asked', 'redacted'])
    const answer = await system.fetch(`/api/reviews/${id}/region?x=5&y=5&width=60&height=40`)
    const { channels } = await sharp(Buffer.from(await answer.arrayBuffer())).stats()
    for (const { min } of channels) expect(min).toBeGreaterThan(250)
  })
})

describe('the gate and the nomenclature of a project', () => {
  it('are changed by its owner, with a reason, and leave waiting slides alone', async () => {
    const id = await waiting('own')
    expect(gate.parse(await json('/api/projects/own/gate'))).toMatchObject({ on: true, setBy: 'default', waiting: 1 })
    expect((await system.fetch('/api/projects/own/gate', put({ on: false }))).status).toBe(400)
    expect(await json('/api/projects/own/gate', put({ on: false, reason: 'phantoms only' }))).toMatchObject({
      on: false,
      setBy: 'owner',
      reason: 'phantoms only',
      who: 'test-owner',
      waiting: 1,
      released: 0,
    })
    const again = await json('/api/projects/own/gate', put({ on: false, reason: 'all', releaseWaiting: true }))
    expect(again).toMatchObject({ waiting: 0, released: 1 })
    expect(await json(`/api/reviews/${id}`)).toMatchObject({ state: 'approved', decision: { who: 'test-owner' } })
    expect((await system.fetch('/api/projects/*/gate')).status).toBe(404)
  })

  it('name the slides released from then on; a wrong one is refused by slot', async () => {
    const slots = [
      { kind: 'scheme', name: 'scheme' },
      { kind: 'literal', name: 'study', text: 'PAIP' },
      { kind: 'subject', name: 'subject' },
      { kind: 'random', name: 'slide', width: 5 },
    ]
    const set = await json('/api/projects/named/nomenclature', put({ scheme: 'P1', slots }))
    expect(set).toMatchObject({ version: 1, who: 'test-owner' })
    expect(set).toHaveProperty('examples.2', expect.stringMatching(/^P1-PAIP-.{9}-.{5}$/))
    const id = await waiting('named')
    expect(await (await decide(id, 'approve')).json()).toMatchObject({
      releaseName: expect.stringMatching(/^P1-PAIP-/),
    })
    const organ = { kind: 'vocabulary', name: 'organ', of: 'organ', width: 3, codes: { breast: 'C5' } }
    const absent = { notAssessed: '000', notApplicable: 'NNN', unknown: 'XXX' }
    const wrong = await json(
      '/api/projects/named/nomenclature',
      put({ scheme: 'P1', slots: [...slots, { ...organ, ...absent }] }),
    )
    expect(wrong).toMatchObject({
      status: 400,
      errors: ['body.slots.4: slot "organ": every code must have 3 characters'],
    })
  })
})

describe('the manifest', () => {
  it('says what names stand for, and what became known later; names stay', async () => {
    const id = await waiting('listed')
    const { releaseName } = reviewSummary.parse(await (await decide(id, 'approve')).json())
    const path = `/api/slides/${id}/release/slots/perineural-invasion`
    expect(await json(path, put({ later: '1' }))).toMatchObject({ name: releaseName })
    expect((await system.fetch(path, put({ later: '12' }))).status).toBe(400)
    expect((await system.fetch(path.replace('perineural-invasion', 'slide'), put({ later: 'AAAA' }))).status).toBe(400)
    expect((await system.fetch(path.replace('perineural-invasion', 'none'), put({ later: '1' }))).status).toBe(404)
    const { releases } = (await json('/api/projects/listed/releases')) as { releases: { slots: unknown[] }[] }
    expect(releases).toMatchObject([{ slideId: id, name: releaseName, scheme: 'C1/0', owner: 'test-owner' }])
    expect(releases[0]!.slots).toContainEqual({
      name: 'perineural-invasion',
      kind: 'spare',
      code: '0',
      value: 'not-assessed',
      later: '1',
    })
    const audit = (await json('/api/projects/listed/gate/audit')) as { entries: { what: string }[] }
    expect(audit).toMatchObject({ whole: true, nextCursor: null })
    expect(audit.entries.map(({ what }) => what)).toEqual(['approved', 'slot-amended'])
  })

  it('comes in pages', async () => {
    for (const id of [await waiting('pages'), await waiting('pages'), await waiting('pages')])
      await decide(id, 'approve')
    const page = z.object({ releases: z.array(z.object({ name: z.string() })), nextCursor: z.string().nullable() })
    const first = page.parse(await json('/api/projects/pages/releases?limit=2'))
    const rest = page.parse(await json(`/api/projects/pages/releases?limit=2&cursor=${first.nextCursor}`))
    expect(new Set([...first.releases, ...rest.releases].map(({ name }) => name)).size).toBe(3)
    expect(rest.nextCursor).toBeNull()
  })
})

it('nothing of the patient is in the log', async () => {
  const log = await readFile(join(system.data, 'log.jsonl'), 'utf8')
  for (const word of Object.values(FAKE_PATIENT)) expect(log).not.toContain(word)
})
