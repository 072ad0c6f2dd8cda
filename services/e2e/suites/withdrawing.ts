/** A withdrawal of consent: whatever dies on its way, it ends with nothing left and a proof that says so. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '@coverslip/proto/services.ts'
import { beforeAll, expect, test } from 'vitest'
import { type Client, clientOf, eventually } from '../client.ts'
import { processesOf, type Shape } from '../shape.ts'
import { smallSlide } from './made.ts'

/** Moments after the request at which the axe falls. */
const MOMENTS_MS = [0, 200]
const ERASERS: readonly ServiceName[] = [
  'subjects',
  'ingest',
  'deidentify',
  'pyramid',
  'tiles',
  'annotations',
  'catalog',
]

interface Proof {
  id: string
  state: string
  seconds: number | null
  keepers: string[]
  slides: { id: string; waitingFor: string[]; erased: { objects: number }[] }[]
  downloads: { slide: string; what: string }[]
  proof: { hash: string } | null
}

const post = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

export function withdrawingSuite(shape: () => Shape): void {
  let client: Client
  beforeAll(() => {
    client = clientOf(shape())
  })

  /** A released slide of a subject whom a manifest names, of which somebody has a copy. */
  async function takenSlide(name: string): Promise<string> {
    const manifest = `file,subject\n${name}.svs,${name}\n`
    await client.json('/api/manifests', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: manifest })
    const id = await client.upload([{ name: `${name}.svs`, bytes: await smallSlide() }])
    const download = await eventually(60, 'the pyramid', async () => {
      const answer = await client.get(`/api/slides/${id}/pyramid`)
      return answer.ok ? answer : undefined
    })
    await download.arrayBuffer()
    return id
  }

  async function withdraw(id: string): Promise<Proof> {
    const { subject } = await eventually(20, 'the catalog', () => client.slide(id).catch(() => undefined))
    const { subjects } = await client.json<{ subjects: { id: string }[] }>(`/api/subjects?pseudonym=${subject}`)
    return client.json<Proof>(
      `/api/subjects/${subjects[0]!.id}/withdrawal`,
      post({ reason: 'the subject asked for it' }),
    )
  }

  const proven = (id: string): Promise<Proof> =>
    eventually(120, 'the proof of deletion', async () => {
      const shown = await client.json<Proof>(`/api/withdrawals/${id}`)
      return shown.state === 'done' ? shown : undefined
    })

  async function expectGone(id: string, { slides, keepers, downloads, proof }: Proof): Promise<void> {
    expect(slides).toMatchObject([{ id, waitingFor: [] }])
    expect(slides[0]!.erased.length).toBeGreaterThanOrEqual(keepers.length)
    expect(slides[0]!.erased.reduce((sum, { objects }) => sum + objects, 0)).toBeGreaterThanOrEqual(3)
    expect(downloads).toMatchObject([{ slide: id, what: 'pyramid' }])
    expect(proof!.hash).toMatch(/^[0-9a-f]{64}$/)
    for (const path of [`/api/slides/${id}/pyramid`, `/api/slides/${id}/original`, `/api/intake/slides/${id}`]) {
      expect((await client.get(path)).status).toBe(404)
    }
    await eventually(20, 'the tiles to be gone', async () =>
      (await client.get(`/tiles/${id}.dzi`)).status === 404 ? true : undefined,
    )
  }

  test('ends within seconds', async () => {
    const id = await takenSlide('withdrawn-quickly')
    const proof = await proven((await withdraw(id)).id)
    expect(proof.seconds).toBeLessThan(30)
    await expectGone(id, proof)
  })

  test.each(MOMENTS_MS)(
    'everything that erases is killed %i ms after the request',
    async ms => {
      const id = await takenSlide(`withdrawn-${ms}`)
      const begun = await withdraw(id)
      await sleep(ms)
      const processes = [...new Set(ERASERS.flatMap(name => processesOf(shape(), name)))]
      for (const name of processes) await shape().kill(name)
      for (const name of processes) await shape().restart(name)
      await expectGone(id, await proven(begun.id))
    },
    180_000,
  )
}
