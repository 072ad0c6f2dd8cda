/** What the intake gateway shows of slides on their way in, and to whom. */
import { intakeGateway } from '@coverslip/gateway/intake/module.ts'
import { ingest } from '@coverslip/ingest/module.ts'
import { intakeSlide } from '@coverslip/proto/api.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from './testing/gateway.ts'

let gateway: TestGateway
let id: string

const SOURCE_NAME = 'Doe^Jane 1961-04-01.svs'

beforeAll(async () => {
  gateway = await startGateway({}, [ingest, intakeGateway])
  const begun = await gateway.system.fetch('/api/intake/uploads', {
    method: 'POST',
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': '100',
      'upload-metadata': `filename ${Buffer.from(SOURCE_NAME).toString('base64')}`,
    },
  })
  expect(begun.status).toBe(201)
  id = begun.headers.get('coverslip-slide-id')!
})
afterAll(() => gateway?.stop())

describe('a slide on its way in', () => {
  it('is shown to stewards under the name of its source, and in no log', async () => {
    const { session } = await gateway.signIn({ email: 'ada@example.org', role: 'steward' })
    const one = intakeSlide.parse(await (await gateway.get(`/api/intake/slides/${id}`, session)).json())
    expect(one).toMatchObject({ id, sourceName: SOURCE_NAME, state: 'received', project: 'default', reason: null })
    const list = await (await gateway.get('/api/intake/slides', session)).json()
    expect(list).toEqual({ slides: [one], nextCursor: null })
  })

  it('is shown to nobody else', async () => {
    const viewer = (await gateway.signIn({ email: 'bea@example.org', role: 'annotator' })).session
    expect((await gateway.get('/api/intake/slides', viewer)).status).toBe(403)
    expect((await gateway.get(`/api/intake/slides/${id}`, viewer)).status).toBe(403)
    const stranger = (await gateway.signIn({ email: 'cai@example.org', role: 'steward', project: 'liver' })).session
    expect(await (await gateway.get('/api/intake/slides', stranger)).json()).toMatchObject({ slides: [] })
    expect((await gateway.get(`/api/intake/slides/${id}`, stranger)).status).toBe(404)
    expect((await gateway.send('DELETE', `/api/intake/slides/${id}`, undefined, stranger)).status).toBe(404)
  })

  it('is unknown to the catalog', async () => {
    expect((await gateway.get(`/api/slides/${id}`)).status).toBe(404)
  })

  it('is gone when a steward deletes it', async () => {
    expect((await gateway.send('DELETE', `/api/intake/slides/${id}`)).status).toBe(204)
    expect((await gateway.get(`/api/intake/slides/${id}`)).status).toBe(404)
    expect((await gateway.get('/api/intake/slides/nonsense')).status).toBe(404)
  })
})
