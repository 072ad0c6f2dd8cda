/** Whose material it is: manifests, rules that hold it, withdrawal to the last copy, and who may look behind a pseudonym. */
import type { Lookup, Withdrawal } from '@coverslip/proto/api/ledger.ts'
import type { Slide } from '@coverslip/proto/api.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, createUpload, eventually, withJson } from '../client.ts'
import type { Shape } from '../shape.ts'
import { madeBytes } from './made.ts'
import { signedIn, signedInAlone } from './people.ts'

const PROJECT = 'cohort'
const [PERSON, OTHER] = ['Winterbourne Isolde', 'Castellane Ruy']
/** The services that keep something of a slide. */
const KEEPERS = ['ingest', 'deidentify', 'pyramid', 'tiles', 'annotations', 'catalog']

interface Manifest {
  taken: number
  refused: { line: number; reason: string }[]
}
interface SubjectList {
  subjects: { id: string; pseudonym: string; state: string }[]
}

export function subjectsSuite(shape: () => Shape): void {
  let client: Client
  beforeAll(() => {
    client = clientOf(shape())
  })

  const manifest = (...lines: string[]) =>
    client.json<Manifest>(`/api/manifests?project=${PROJECT}`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: lines.join('\n'),
    })
  const rules = (list: object[]) =>
    client.json(`/api/projects/${PROJECT}/selection-rules`, withJson('PUT', { rules: list }))
  const upload = async (name: string, seed: number) =>
    client.upload([{ name, bytes: await madeBytes({ width: 700, height: 500, seed }) }], PROJECT)

  test('bad lines of a manifest are told by number and reason, and the others are taken', async () => {
    const { taken, refused } = await manifest(
      'file,subject,organ,collected,international',
      `good.svs,${PERSON},LIVER,2024-05-31,yes`,
      `bad-organ.svs,${PERSON},KNEE,,`,
      `bad-day.svs,${PERSON},LIVER,31.05.2024,`,
      `,${PERSON},LIVER,,`,
      `good.svs,${OTHER},LIVER,,`,
      `other.svs,${OTHER},LUNG,2024-06-01,no`,
    )
    expect(taken).toBe(2)
    expect(refused.map(({ line }) => line)).toEqual([3, 4, 5, 6])
    expect(refused.map(({ reason }) => reason.split(':')[0])).toEqual([
      'organ',
      'collected',
      'file',
      'it names the same file as line 2',
    ])
    expect(JSON.stringify(refused)).not.toMatch(/Winterbourne|KNEE|31\.05/)
    // Two people for one file would hold it: it is said again, by itself.
    await manifest('file,subject,organ,collected,international', `good.svs,${PERSON},LIVER,2024-05-31,yes`)
  })

  test('a slide without consent is held by the rule of that name, and goes on when somebody records the consent', async () => {
    await rules([
      { rule: 'consent', collectedFrom: '2013-02-02' },
      { rule: 'information', fields: ['organ'] },
    ])
    const id = await upload('GOOD.SVS', 41)
    const held = await client.until(id, 'held')
    expect(held.reason).toMatch(/^consent: /)
    expect(held.reason).not.toMatch(/information|Winterbourne/)
    expect((await client.get(`/api/slides/${id}`)).status).toBe(404)
    const [subject] = await subjectsOf(id)
    const consent = {
      version: '2.1',
      date: '2024-06-01',
      scope: ['DUO:0000042'],
      international: true,
      commercial: false,
    }
    expect((await client.get(`/api/subjects/${subject!.id}/consent`, withJson('PUT', consent))).status).toBe(204)
    await client.until(id, 'ready')
    await rules([])
  })

  /** The subject that a slide hangs on: among those of the project whose slides are told by id. */
  async function subjectsOf(id: string): Promise<SubjectList['subjects']> {
    const { subjects } = await client.json<SubjectList>(`/api/subjects?project=${PROJECT}`)
    const details = await Promise.all(
      subjects.map(one => client.json<{ slidesOf: { id: string }[] }>(`/api/subjects/${one.id}`)),
    )
    return subjects.filter((_one, i) => details[i]!.slidesOf.some(slide => slide.id === id))
  }

  describe('a withdrawal', () => {
    let id: string
    let other: string
    let proof: Withdrawal
    let granted: Client
    let reader: string

    beforeAll(async () => {
      await manifest(
        'file,subject',
        `taken.svs,${PERSON} the second`,
        `late.svs,${PERSON} the second`,
        `stays.svs,${OTHER}`,
      )
      ;[id, other] = await Promise.all([upload('taken.svs', 43), upload('stays.svs', 47)])
      await Promise.all([client.until(id, 'ready'), client.until(other, 'ready')])
      await eventually(20, 'the tiles', () => client.tiled(id))
      reader = await signedIn(shape(), 'takes-copies@example.org', PROJECT, 'steward')
      const feature = {
        type: 'Feature',
        id: crypto.randomUUID(),
        geometry: { type: 'Point', coordinates: [9, 9] },
        properties: { objectType: 'annotation' },
      }
      expect((await client.get(`/api/slides/${id}/annotations`, withJson('POST', feature))).status).toBe(201)
      for (const what of ['original', 'pyramid', 'annotations.geojson']) {
        const answer = await clientOf(shape(), reader).get(`/api/slides/${id}/${what}`)
        expect(answer.status).toBe(200)
        await answer.arrayBuffer()
      }
      const { grant } = await client.json<{ grant: string }>(`/api/slides/${id}/grant`, { method: 'POST' })
      granted = clientOf(shape(), grant)
      // Into the caches.
      for (const tile of ['10/0_0', '10/1_1', '5/0_0']) {
        expect((await granted.get(`/tiles/${id}/1_files/${tile}.jpeg`)).status).toBe(200)
      }
    })

    test('asks for the right to it, and for a reason', async () => {
      const [subject] = await subjectsOf(id)
      const viewer = await signedIn(shape(), 'only-looks@example.org', PROJECT, 'viewer')
      const path = `/api/subjects/${subject!.id}/withdrawal`
      expect((await clientOf(shape(), viewer).get(path, withJson('POST', { reason: 'x' }))).status).toBe(403)
      expect((await client.get(path, withJson('POST', {}))).status).toBe(400)
      const begun = await client.json<Withdrawal>(path, withJson('POST', { reason: 'the subject asked for it' }))
      proof = await eventually(90, 'the proof of deletion', async () => {
        const shown = await client.json<Withdrawal>(`/api/withdrawals/${begun.id}`)
        return shown.state === 'done' ? shown : undefined
      })
    })

    test('is proven by every keeper, and names who had taken copies', () => {
      expect(proof.keepers.map(keeper => keeper.split('@')[0]).sort()).toEqual([...KEEPERS].sort())
      const [slide] = proof.slides
      expect(slide).toMatchObject({ id, waitingFor: [] })
      expect(slide!.erased.map(({ keeper }) => keeper).sort()).toEqual([...proof.keepers].sort())
      expect(slide!.erased.reduce((sum, { objects }) => sum + objects, 0)).toBeGreaterThanOrEqual(3)
      expect(proof.downloads.map(({ what }) => what).sort()).toEqual(['annotations', 'original', 'pyramid'])
      expect(new Set(proof.downloads.map(({ user }) => user)).size).toBe(1)
      expect(proof.proof!.hash).toMatch(/^[0-9a-f]{64}$/)
      expect(JSON.stringify(proof)).not.toMatch(/Winterbourne|taken\.svs/)
    })

    test('leaves nothing in any store, answer or cache', async () => {
      for (const store of ['source', 'original', 'pyramid'] as const) {
        expect([store, [...(await shape().objects(store, id)).keys()]]).toEqual([store, []])
      }
      // The catalog knows that there was one, so that who has its address learns what became of it.
      expect(await client.slide(id)).toMatchObject({ state: 'withdrawn', subject: null, case: null })
      const parts = [
        '/original',
        '/pyramid',
        '/annotations',
        '/annotations.geojson',
        '/annotations.xml',
        '/annotations.asap.xml',
        '/quality',
      ]
      const paths = [...parts.map(part => `/api/slides/${id}${part}`), `/api/intake/slides/${id}`]
      for (const path of paths) expect([path, (await client.get(path)).status]).toEqual([path, 404])
      // Also not with a grant that was given before.
      await eventually(20, 'the tiles to be gone', async () => {
        const tiles = ['/1_files/10/0_0.jpeg', '/1_files/10/1_1.jpeg', '/1_files/5/0_0.jpeg', '.dzi', '/thumbnail.jpeg']
        const answers = await Promise.all(
          [granted, client].flatMap(one => tiles.map(async tile => (await one.get(`/tiles/${id}${tile}`)).status)),
        )
        return answers.every(status => status === 404 || status === 401) ? true : undefined
      })
      const { slides } = await client.json<{ slides: Slide[] }>('/api/slides?limit=1000')
      expect(slides.map(slide => slide.id)).not.toContain(id)
    })

    test('takes nothing of anybody else', async () => {
      expect((await client.get(`/api/slides/${other}/pyramid`)).status).toBe(200)
      expect((await client.get(`/tiles/${other}.dzi`)).status).toBe(200)
    })

    test('holds what comes later of the subject, by whatever file', async () => {
      const late = await client.until(await upload('late.svs', 53), 'held')
      expect(late.reason).toMatch(/^withdrawn: /)
      const again = await client.until(await upload('taken.svs', 43), 'held')
      expect(again.reason).toMatch(/^withdrawn: /)
      await expect(
        createUpload(client.get, 10, { filename: 'taken.xml', project: PROJECT }).then(({ slideId }) => slideId),
      ).resolves.not.toBe(id)
    })
  })

  describe('who is behind a pseudonym', () => {
    let pseudonym: string
    let [asking, agreeing, given, viewing]: string[] = []
    beforeAll(async () => {
      await manifest('file,subject', `ledger.svs,${OTHER} the third`)
      const id = await upload('ledger.svs', 59)
      await client.until(id, 'ready')
      pseudonym = (await eventually(10, 'the catalog', () => client.slide(id).catch(() => undefined))).subject!
      asking = await signedInAlone(shape(), 'asks@example.org', PROJECT, 'steward')
      agreeing = await signedInAlone(shape(), 'agrees@example.org', PROJECT, 'steward')
      given = await signedIn(shape(), 'agrees-too@example.org', PROJECT, 'steward')
      viewing = await signedInAlone(shape(), 'views@example.org', PROJECT, 'viewer')
    })

    test('is told to one person when another one agrees, and to nobody else', async () => {
      const by = (token: string | undefined) => clientOf(shape(), token)
      const question = withJson('POST', { project: PROJECT, reason: 'a finding', of: { pseudonym } })
      expect((await by(viewing).get('/api/ledger/lookups', question)).status).toBe(403)
      const lookup = await by(asking).json<Lookup>('/api/ledger/lookups', question)
      const path = `/api/ledger/lookups/${lookup.id}`
      const answerFor = async (token: string | undefined) =>
        (await by(token).json<{ answer: { pseudonym: string; names: string[] } | null }>(path)).answer
      const approve = withJson('POST', { decision: 'approve' })
      expect(await answerFor(asking)).toBeNull()
      expect((await by(asking).get(`${path}/approval`, approve)).status).toBe(403)
      expect(await answerFor(asking)).toBeNull()
      expect((await by(viewing).get(`${path}/approval`, approve)).status).toBe(403)
      // Somebody else held the link that this one came by: the same person may be behind both.
      expect((await by(given).get(`${path}/approval`, approve)).status).toBe(403)
      expect((await by(agreeing).get(`${path}/approval`, approve)).status).toBe(200)
      expect(await answerFor(asking)).toMatchObject({ pseudonym, names: [`${OTHER} the third`] })
      expect(await answerFor(agreeing)).toBeNull()
      const { entries } = await client.json<{ entries: object[] }>('/api/ledger/audit?limit=1000')
      expect(JSON.stringify(entries)).toContain(lookup.id)
      expect(JSON.stringify(entries)).not.toContain(OTHER)
    })
  })
}
