/** Annotations over HTTP, and the changes of them over WebSockets. */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startGateway, type TestGateway } from './testing/gateway.ts'

let gateway: TestGateway
let slide: string
beforeAll(async () => {
  gateway = await startGateway({ IMPORT_MAX_BYTES: '1m' })
  slide = await gateway.addSlide()
})
afterAll(() => gateway?.stop())

const base = (id = slide) => `/api/slides/${id}/annotations`
const square = (id: string, x = 0, name = 'Tumour') => ({
  type: 'Feature',
  id,
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [x, 0],
        [x + 10, 0],
        [x + 10, 10],
        [x, 10],
        [x, 0],
      ],
    ],
  },
  properties: { objectType: 'annotation', name },
})
const draw = async (to = slide, x = 0) => {
  const id = crypto.randomUUID()
  const answer = await gateway.send('POST', base(to), square(id, x))
  expect(answer.status).toBe(201)
  return { id, answer, etag: answer.headers.get('etag')! }
}
const sendWith = async (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  gateway.system.fetch(path, {
    method,
    headers: { 'content-type': 'application/geo+json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
interface Collection {
  features: { id: string; properties: { name: string } }[]
  nextCursor: string | null
  seq: number
}
const list = async (query = '', id = slide) => (await (await gateway.get(`${base(id)}${query}`)).json()) as Collection

describe('one annotation', () => {
  it('is made with the id of its maker, and made once however often it is sent', async () => {
    const { id, answer } = await draw()
    expect(answer.headers.get('location')).toBe(`${base()}/${id}`)
    expect(answer.headers.get('etag')).toBe('"1"')
    expect(answer.headers.get('content-type')).toBe('application/geo+json')
    expect(await answer.json()).toMatchObject({ type: 'Feature', id })
    const again = await gateway.send('POST', base(), square(id))
    expect([again.status, again.headers.get('etag')]).toEqual([201, '"1"'])
  })

  it('is changed only by who says which version they saw', async () => {
    const { id, etag } = await draw()
    const path = `${base()}/${id}`
    expect((await sendWith('PUT', path, {}, square(id, 1))).status).toBe(428)
    const changed = await sendWith('PUT', path, { 'if-match': etag }, square(id, 1))
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"'])
    expect((await sendWith('PUT', path, { 'if-match': etag }, square(id, 2))).status).toBe(412)
    expect((await sendWith('DELETE', path, { 'if-match': etag })).status).toBe(412)
    expect((await sendWith('DELETE', path, {})).status).toBe(428)
    expect((await sendWith('PUT', path, { 'if-match': '*' }, square(id, 3))).headers.get('etag')).toBe('"3"')
    expect((await sendWith('DELETE', path, { 'if-match': '"3"' })).status).toBe(204)
    expect((await gateway.get(path)).status).toBe(404)
  })

  it('is not sent again to who has it', async () => {
    const { id, etag } = await draw()
    const again = await sendWith('GET', `${base()}/${id}`, { 'if-none-match': etag })
    expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, ''])
    expect((await sendWith('GET', `${base()}/${id}`, { 'if-none-match': '"9"' })).status).toBe(200)
  })

  it('is unknown under what cannot be an id, and too large for a request at some point', async () => {
    expect((await gateway.get(`${base()}/nonsense`)).status).toBe(404)
    const huge = square(crypto.randomUUID(), 0, 'x'.repeat(5_000_000))
    expect((await gateway.send('POST', base(), huge)).status).toBe(413)
  })

  it('is for annotators to draw, not for viewers', async () => {
    const { session } = await gateway.signIn({ email: 'ada@example.org', role: 'viewer' })
    expect((await gateway.get(base(), session)).status).toBe(200)
    expect((await gateway.send('POST', base(), square(crypto.randomUUID()), session)).status).toBe(403)
  })
})

describe('many annotations', () => {
  it('come in pages and by place', async () => {
    const id = await gateway.addSlide()
    const collection = { type: 'FeatureCollection', features: [0, 100, 200].map(x => square(crypto.randomUUID(), x)) }
    const made = await gateway.send('POST', base(id), collection)
    expect(made.status).toBe(201)
    expect(((await made.json()) as Collection).features).toHaveLength(3)
    const first = await list('?limit=2', id)
    expect([first.features.length, first.seq]).toEqual([2, 3])
    const rest = await list(`?limit=2&cursor=${first.nextCursor}`, id)
    expect([rest.features.length, rest.nextCursor]).toEqual([1, null])
    expect((await list('?bbox=110,-5,90,20', id)).features.map(feature => feature.id)).toEqual([
      collection.features[1]!.id,
    ])
    expect((await gateway.get(`${base(id)}?bbox=1,2,3`)).status).toBe(400)
  })

  it.each(['xml', 'geojson'])('go out and come in as a file: %s', async extension => {
    const [from, to] = [await gateway.addSlide(), await gateway.addSlide()]
    await draw(from)
    await draw(from, 50)
    const file = await gateway.get(`/api/slides/${from}/annotations.${extension}`)
    const { name } = (await (await gateway.get(`/api/slides/${from}`)).json()) as { name: string }
    expect(file.headers.get('content-disposition')).toBe(`attachment; filename="${name}.${extension}"`)
    const body = await file.text()
    const type = extension === 'xml' ? 'application/xml' : 'application/geo+json'
    const imported = await gateway.system.fetch(`/api/slides/${to}/annotations.${extension}`, {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    })
    expect(await imported.json()).toEqual({ imported: 2, skipped: [] })
    expect((await list('', to)).features.map(({ properties }) => properties.name)).toEqual(['Tumour', 'Tumour'])
  })

  it('are refused as a file that is none, or too large', async () => {
    const post = (body: string | Buffer | ReadableStream) =>
      gateway.system.fetch(`${base()}.xml`, { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect((await post('no XML at all')).status).toBe(400)
    expect((await post('')).status).toBe(400)
    const large = Buffer.alloc(1_500_000, ' ')
    expect((await post(large)).status).toBe(413)
    // Without a Content-Length nobody knows before it is there.
    const streamed = await post(new Blob([large]).stream())
    expect([streamed.status, await streamed.json()]).toEqual([413, expect.objectContaining({ code: 'too-large' })])
  })
})

interface Message {
  type: string
  seq: number
  changes: { seq: number; annotationId: string; deleted: boolean; feature: Collection['features'][number] | null }[]
}

/** A browser that watches a slide: every change it was told, in order. */
async function watch(id: string, after = 0, token?: string) {
  const credentials = token ?? (await gateway.system.token())
  const url = `${gateway.system.url.replace('http', 'ws')}/api/slides/${id}/live?after=${after}`
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${credentials}` } })
  const changes: Message['changes'] = []
  const waiting: (() => void)[] = []
  socket.on('message', data => {
    const message = JSON.parse(String(data)) as Message
    expect(message.seq).toBe(message.changes.at(-1)!.seq)
    changes.push(...message.changes)
    for (const wake of waiting.splice(0)) wake()
  })
  await once(socket, 'open')
  return {
    socket,
    changes,
    async until(count: number) {
      while (changes.length < count) await new Promise<void>(resolve => waiting.push(resolve))
    },
  }
}

describe('live changes', () => {
  it('reach everybody who watches, within a second', async () => {
    const id = await gateway.addSlide()
    const [ada, bea] = [await watch(id), await watch(id)]
    const begun = performance.now()
    const { id: annotation } = await draw(id)
    await Promise.all([ada.until(1), bea.until(1)])
    expect(performance.now() - begun).toBeLessThan(1000)
    expect(ada.changes).toEqual(bea.changes)
    expect(ada.changes[0]).toMatchObject({
      seq: 1,
      annotationId: annotation,
      deleted: false,
      feature: { id: annotation },
    })
    await sendWith('DELETE', `${base(id)}/${annotation}`, { 'if-match': '*' })
    await ada.until(2)
    expect(ada.changes[1]).toEqual({ seq: 2, annotationId: annotation, deleted: true, feature: null })
    ada.socket.close()
    bea.socket.close()
  })

  it('come from where one was, without a gap, while others draw', async () => {
    const id = await gateway.addSlide()
    await draw(id)
    const { seq } = await list('', id)
    for (let i = 0; i < 5; i++) await draw(id, i)
    const drawing = Promise.all(Array.from({ length: 10 }, (_, i) => draw(id, i)))
    const late = await watch(id, seq)
    await drawing
    await late.until(15)
    expect(late.changes.map(change => change.seq)).toEqual(Array.from({ length: 15 }, (_, i) => i + 2))
    late.socket.close()
  })

  it('tell every change of one annotation, to whoever comes later as well', async () => {
    const id = await gateway.addSlide()
    const { id: annotation } = await draw(id)
    const path = `${base(id)}/${annotation}`
    for (const x of [1, 2, 3]) await sendWith('PUT', path, { 'if-match': '*' }, square(annotation, x, `at ${x}`))
    await sendWith('DELETE', path, { 'if-match': '*' })
    const late = await watch(id, 1)
    await late.until(4)
    expect(late.changes.map(({ seq, feature }) => [seq, feature?.properties.name])).toEqual([
      [2, 'at 1'],
      [3, 'at 2'],
      [4, 'at 3'],
      [5, undefined],
    ])
    late.socket.close()
  })

  it('end when the credentials are revoked or the slide is deleted, and say which', async () => {
    const id = await gateway.addSlide()
    const { session } = await gateway.signIn({ email: 'cai@example.org', role: 'viewer' })
    const guest = await watch(id, 0, session)
    const closed = once(guest.socket, 'close')
    await gateway.send('DELETE', '/api/session', undefined, session)
    expect((await closed)[0]).toBe(4401)
    const host = await watch(id)
    const gone = once(host.socket, 'close')
    await gateway.send('DELETE', `/api/slides/${id}`)
    expect((await gone)[0]).toBe(4404)
    const after = await watch(id)
    expect((await once(after.socket, 'close'))[0]).toBe(4404)
  }, 20_000)

  it.each([
    ['without credentials', async () => ({}), 401],
    [
      'from another web site',
      async (token: string) => ({ authorization: `Bearer ${token}`, origin: 'https://x.org' }),
      403,
    ],
  ])('are refused %s', async (_, headers, status) => {
    const url = `${gateway.system.url.replace('http', 'ws')}/api/slides/${slide}/live`
    const socket = new WebSocket(url, { headers: await headers(await gateway.system.token()) })
    const [, response] = await once(socket, 'unexpected-response')
    expect(response.statusCode).toBe(status)
    response.destroy()
  })

  it('of slides of other projects are not to be had', async () => {
    const stranger = await gateway.system.token({ roles: { liver: 'steward' } })
    const url = `${gateway.system.url.replace('http', 'ws')}/api/slides/${slide}/live`
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${stranger}` } })
    const [, response] = await once(socket, 'unexpected-response')
    expect(response.statusCode).toBe(404)
    response.destroy()
  })
})
