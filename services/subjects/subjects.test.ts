import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rpcAs } from '@coverslip/platform/testing/rpc.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { SubjectsServiceDefinition } from '@coverslip/proto/gen/subjects/v1/subjects.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { subjects } from './module.ts'

let system: TestSystem
let ingest: Awaited<ReturnType<typeof connect>>
const connect = () => rpcAs(system, 'ingest', 'subjects', SubjectsServiceDefinition)
beforeAll(async () => {
  system = await startSystem([subjects])
  ingest = await connect()
})
afterAll(async () => {
  ingest.close()
  await system.stop()
})

const put = (path: string, body: unknown, token?: string): Promise<Response> =>
  system.fetch(path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(token ? { token } : {}),
  })
const manifest = async (project: string, ...lines: string[]) => {
  const body = lines.join('\n')
  const answer = await system.fetch(`/api/manifests?project=${project}`, { method: 'POST', body })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
const admit = (project: string, sourceName: string, slideId = randomUUID()) =>
  ingest.client.admit({ slideId, project, sourceName, format: 'aperio' })
const get = async <T = Record<string, never>>(path: string): Promise<T> =>
  (await (await system.fetch(path)).json()) as T

test('a manifest hangs slides on subjects, and is the same when it is sent again', async () => {
  const lines = [
    'file,subject,case,specimen,block,glass,organ,stain',
    'a1.svs,Kim-7,S1,A,1,1,LIVER,HE',
    'a2.svs,Kim-7,S1,A,1,2,LIVER,KI67',
    'a3.svs,kim-7,S2,A,1,1,LUNG,HE',
    'b1.svs,Lee-8,S1,,,,,',
  ]
  expect(await manifest('hang', ...lines)).toEqual({
    status: 200,
    body: { lines: 4, taken: 4, unchanged: 0, late: 0, withdrawn: 0, refused: [], refusedLines: 0 },
  })
  expect((await manifest('hang', ...lines)).body).toMatchObject({ taken: 0, unchanged: 4 })
  const [a1, a2, a3, b1] = await Promise.all(['A1.SVS', 'a2.svs', 'a3.svs', 'b1.svs'].map(name => admit('hang', name)))
  expect(a1!.pseudonyms!.subject).toBe(a2!.pseudonyms!.subject)
  expect(a1!.pseudonyms!.block).toBe(a2!.pseudonyms!.block)
  expect(a1!.pseudonyms!.glass).not.toBe(a2!.pseudonyms!.glass)
  expect(a3!.pseudonyms!.subject).toBe(a1!.pseudonyms!.subject)
  // Specimen A of another case is another specimen.
  expect(a3!.pseudonyms!.specimen).not.toBe(a1!.pseudonyms!.specimen)
  expect(b1!.pseudonyms!.subject).not.toBe(a1!.pseudonyms!.subject)
  expect(b1!.pseudonyms!.specimen).toBe('')
  expect(a2!.material).toMatchObject({ organ: 'LIVER', stain: 'KI67' })
  const elsewhere = await manifest('elsewhere', lines[0]!, 'a1.svs,Kim-7,,,,,,')
  expect(elsewhere.body).toMatchObject({ taken: 1 })
  expect((await admit('elsewhere', 'a1.svs')).pseudonyms!.subject).not.toBe(a1!.pseudonyms!.subject)
})

describe('rules hold and let go', () => {
  const slideId = randomUUID()
  let subject: string
  beforeAll(async () => {
    await manifest(
      'paip',
      'file,subject,case,organ,diagnosis,stain,collected,tumour_fraction,normal_fraction,vital_status,vital_status_broker',
      'c.svs,Park,S9,LIVER,HCC,HE,2020-02-02,45 %,30 %,living,Registry',
    )
    const refused = await put('/api/projects/paip/selection-rules', { preset: 'paip' })
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('wants collectedFrom')])
    const day = { collectedFrom: '2015-06-30' }
    expect((await put('/api/projects/paip/selection-rules', { preset: 'paip', ...day })).status).toBe(200)
  })

  test('the rules that are not met are named, and nothing else', async () => {
    const { admitted, heldBy, researchNumber } = await admit('paip', 'c.svs', slideId)
    expect(admitted).toBe(false)
    expect(heldBy.map(why => why.split(':')[0])).toEqual([
      'consent',
      'consent-scope',
      'international-use',
      'commercial-use',
      'tumour-fraction',
      'normal-fraction',
    ])
    expect(researchNumber).toMatch(/^R-/)
    expect(heldBy.join()).not.toMatch(/Park|S9|2020/)
  })

  test('a slide whose subject nobody names is held', async () => {
    expect((await admit('paip', 'nobody.svs')).admitted).toBe(false)
  })

  test('with consent and attestations it goes on', async () => {
    const list = await get<{ subjects: { id: string; slides: number; held: number; named: boolean }[] }>(
      '/api/subjects?project=paip',
    )
    expect(list.subjects.map(({ slides, held }) => [slides, held])).toEqual([
      [1, 1],
      [1, 1],
    ])
    subject = list.subjects.find(({ named }) => named)!.id
    const consent = { version: '2', date: '2020-01-30', scope: ['DUO:0000042'], international: true, commercial: true }
    expect((await put(`/api/subjects/${subject}/consent`, consent)).status).toBe(204)
    for (const kind of ['tumour-fraction', 'normal-fraction']) {
      expect((await put(`/api/subjects/${subject}/attestations/${kind}`, { value: 0.4 })).status).toBe(204)
    }
    expect(await admit('paip', 'c.svs', slideId)).toMatchObject({ admitted: true, heldBy: [] })
    const held = await get<{ subjects: { named: boolean }[] }>('/api/subjects?project=paip&only=held')
    expect(held.subjects.map(({ named }) => named)).toEqual([false])
  })

  test('what a person attests of one slide counts for that slide', async () => {
    expect(
      (await put(`/api/subjects/${subject}/attestations/tumour-fraction`, { value: 0.1, slide: slideId })).status,
    ).toBe(204)
    expect((await admit('paip', 'c.svs', slideId)).heldBy).toEqual([
      'tumour-fraction: the tumour fraction is below 30 %',
    ])
  })

  test('the subject is shown with all of that, and without a name', async () => {
    const shown = await get(`/api/subjects/${subject}`)
    expect(shown).toMatchObject({
      consent: { version: '2', scope: ['DUO:0000042'] },
      attestations: expect.arrayContaining([expect.objectContaining({ kind: 'vital-status', broker: 'Registry' })]),
      slidesOf: [{ id: slideId, state: 'admitted', name: expect.stringMatching(/^R-/) }],
    })
    expect(JSON.stringify(shown)).not.toMatch(/Park|S9|c\.svs/)
  })

  test('an attestation of another kind is refused, whatever it says', async () => {
    const answer = await put(`/api/subjects/${subject}/attestations/vital-status`, { value: 1 })
    expect(answer.status).toBe(400)
    expect((await put(`/api/subjects/${subject}/attestations/age`, { value: 1 })).status).toBe(400)
  })
})

test('nothing is told to all projects at once', async () => {
  expect((await manifest('*', 'file', 'a.svs')).status).toBe(400)
  expect((await put('/api/projects/*/selection-rules', { preset: 'paip' })).status).toBe(400)
})

test('rules have versions; a change for an older one is refused', async () => {
  const rules = [{ rule: 'consent', collectedFrom: '2013-02-02' }]
  expect(await (await put('/api/projects/versions/selection-rules', { rules, ifVersion: 0 })).json()).toMatchObject({
    version: 1,
    rules,
    changedBy: 'test-owner',
  })
  expect((await put('/api/projects/versions/selection-rules', { rules: [], ifVersion: 0 })).status).toBe(412)
  expect(await get('/api/projects/versions/selection-rules')).toMatchObject({ version: 1 })
  expect(await get('/api/projects/none/selection-rules')).toMatchObject({ version: 0, rules: [] })
  expect((await put('/api/projects/versions/selection-rules', { rules: [{ rule: 'sex' }] })).status).toBe(400)
})

test('a manifest that comes after its slides names their subject', async () => {
  const [held, gone] = [randomUUID(), randomUUID()]
  const before = await admit('late', 'gone.svs', gone)
  await put('/api/projects/late/selection-rules', { rules: [{ rule: 'information', fields: ['organ'] }] })
  expect((await admit('late', 'held.svs', held)).admitted).toBe(false)
  const { body } = await manifest('late', 'file,subject,organ', 'gone.svs,Choi,LIVER', 'held.svs,Choi,LIVER')
  expect(body).toMatchObject({ taken: 1, late: 1 })
  const after = await admit('late', 'held.svs', held)
  expect(after).toMatchObject({ admitted: true, material: { organ: 'LIVER' } })
  // What was announced is not changed behind anybody's back.
  expect((await admit('late', 'gone.svs', gone)).pseudonyms).toEqual(before.pseudonyms)
  const { subjects: list } = await get<{ subjects: { slides: number }[] }>('/api/subjects?project=late')
  expect(list).toEqual([expect.objectContaining({ slides: 2, named: true })])
})

describe('a line that was refused holds the slide of its file', () => {
  const heading = 'file,subject,organ,collected'
  const why = "the manifest's line for this file was refused (line 2: organ: expected a code of the vocabulary)"
  const held = { admitted: false, heldBy: [`${why}; send a corrected manifest`] }
  const free = { admitted: true, heldBy: [] }

  test('until a line for the file is taken; slides of other files go on', async () => {
    const slideId = randomUUID()
    const { body } = await manifest('refused', heading, 'r1.svs,Ottoline-5,KNEE,', 'r2.svs,Seo,LIVER,')
    expect(body).toMatchObject({ taken: 1, refused: [{ line: 2, reason: 'organ: expected a code of the vocabulary' }] })
    expect(JSON.stringify(body)).not.toContain('r1.svs')
    expect(await admit('refused', 'R1.SVS', slideId)).toMatchObject(held)
    expect(await admit('refused', 'r2.svs')).toMatchObject(free)
    expect(await admit('refused', 'r3.svs')).toMatchObject(free)
    expect(await admit('refused-elsewhere', 'r1.svs')).toMatchObject(free)
    await manifest('refused', heading, 'r2.svs,Seo,LIVER,')
    expect(await admit('refused', 'r1.svs', slideId)).toMatchObject(held)
    expect((await manifest('refused', heading, 'r1.svs,Ottoline-5,LIVER,')).body).toMatchObject({ taken: 1, late: 0 })
    expect(await admit('refused', 'r1.svs', slideId)).toMatchObject({ ...free, material: { organ: 'LIVER' } })
  })

  test('also where an earlier manifest was right, until that is said again', async () => {
    await manifest('refused', heading, 'r4.svs,Seo,LIVER,')
    await manifest('refused', heading, 'r4.svs,Seo,KNEE,')
    expect(await admit('refused', 'r4.svs')).toMatchObject(held)
    expect((await manifest('refused', heading, 'r4.svs,Seo,LIVER,')).body).toMatchObject({ unchanged: 1 })
    expect(await admit('refused', 'r4.svs')).toMatchObject(free)
  })

  test('however the file is written: with its extension or without', async () => {
    await manifest('refused', heading, 'r5,Seo,KNEE,')
    expect(await admit('refused', 'r5.svs')).toMatchObject(held)
    await manifest('refused', heading, 'r5.svs,Seo,LIVER,')
    expect(await admit('refused', 'r5.svs')).toMatchObject(free)
    expect(await admit('refused', 'r5.ndpi')).toMatchObject(held)
    // What follows a dot may be a number of the hospital's: its line says nothing of the other one.
    await manifest('refused', heading, '22-1,Seo,KNEE,')
    await manifest('refused', heading, '22-1.2,Seo,LIVER,')
    expect(await admit('refused', '22-1.svs')).toMatchObject(held)
    expect(await admit('refused', '22-1.2.svs')).toMatchObject(free)
  })

  test('two lines of one manifest that say different things of it', async () => {
    await manifest('refused', heading, 'r6.svs,Seo,LIVER,', 'r6.svs,Choi,LIVER,', 'r7.svs,Seo,,', 'R7.svs,Seo,,')
    expect((await admit('refused', 'r6.svs')).heldBy).toEqual([
      "the manifest's line for this file was refused (line 3: it names the same file as line 2); send a corrected manifest",
    ])
    expect(await admit('refused', 'r7.svs')).toMatchObject(free)
  })

  test('nothing of the line is kept but that', async () => {
    const { entries } = await get<{ entries: { action: string; what: object }[] }>('/api/ledger/audit')
    const refusals = entries.filter(({ action }) => action === 'manifest.refused')
    expect(refusals[0]!.what).toEqual({ lines: 1 })
    expect(JSON.stringify(entries)).not.toMatch(/ottoline|r1\.svs|KNEE/i)
    const of = await get<{ entries: { project: string }[] }>('/api/ledger/audit?project=refused')
    expect(new Set(of.entries.map(({ project }) => project))).toEqual(new Set(['refused']))
  })
})

test('lines are taken hundreds at a time, and each says what it would have said alone', async () => {
  const lines = Array.from({ length: 1200 }, (_, i) => {
    const subject = i % 3 === 2 ? '' : `Choi-${i % 100}`
    return `m${i}.svs,${subject},${subject && `S${i % 200}`},${subject && i % 100 === 0 ? '2.1' : ''}`
  })
  const held = randomUUID()
  await admit('many', 'm2.svs', held)
  const { subject: before } = (await admit('many', 'm2.svs', held)).pseudonyms!
  const send = () => manifest('many', 'file,subject,case,consent_version', ...lines)
  expect((await send()).body).toMatchObject({ lines: 1200, taken: 1200, refusedLines: 0 })
  const asked = await Promise.all([0, 100, 200, 300].map(i => admit('many', `m${i}.svs`)))
  const [m0, m100, m200, m300] = asked.map(({ pseudonyms }) => pseudonyms!)
  expect((await admit('many', 'm2.svs', held)).pseudonyms!.subject).toBe(before)
  expect([m100!.subject, m300!.subject]).toEqual([m0!.subject, m0!.subject])
  expect(m200!.subject).not.toBe(m0!.subject)
  expect([m100!.case === m0!.case, m300!.case]).toEqual([false, m100!.case])
  const { subjects: list } = await get<{ subjects: { pseudonym: string }[] }>('/api/subjects?project=many&limit=1000')
  // A hundred who are named, and as many unknown as there are lines without a name.
  expect(list).toHaveLength(100 + 400)
  expect(list.filter(({ pseudonym }) => pseudonym === m0!.subject)).toHaveLength(1)
  expect((await send()).body).toMatchObject({ taken: 0, unchanged: 1200 })
})

test('texts of the manifest are known to de-identification; days in several spellings, short codes not', async () => {
  const slideId = randomUUID()
  await manifest(
    'texts',
    'file,subject,case,block,collected,known_texts',
    'd.svs,00123456,S20-77,A1,2020-05-31,Hong Gildong',
  )
  await admit('texts', 'd.svs', slideId)
  const deidentify = await rpcAs(system, 'deidentify', 'subjects', SubjectsServiceDefinition)
  const { texts } = await deidentify.client.getKnownTexts({ slideId }).finally(() => deidentify.close())
  expect(texts).toEqual(expect.arrayContaining(['d.svs', '00123456', 'S20-77', 'Hong Gildong', '20200531', '05/31/20']))
  expect(texts).not.toContain('A1')
})

test('who may not is told so, and a stranger nothing', async () => {
  const [viewer, stranger] = await Promise.all([
    system.token({ roles: { hang: 'viewer' } }),
    system.token({ roles: { other: 'owner' } }),
  ])
  const steward = await system.token({ roles: { hang: 'steward' } })
  const status = async (path: string, token: string) => (await system.fetch(path, { token })).status
  const { subjects: list } = await get<{ subjects: { id: string }[] }>('/api/subjects?project=hang')
  const path = `/api/subjects/${list[0]!.id}`
  expect([await status(path, viewer), await status(path, stranger), await status(path, steward)]).toEqual([
    403, 404, 200,
  ])
  expect(await status(`/api/subjects/${randomUUID()}`, stranger)).toBe(404)
  expect(await status('/api/subjects/none', steward)).toBe(404)
  expect((await put('/api/projects/hang/selection-rules', { preset: 'none' }, steward)).status).toBe(403)
  const seen = (await (await system.fetch('/api/subjects', { token: steward })).json()) as { subjects: unknown[] }
  expect(seen.subjects).toHaveLength(2)
})

describe('the ledger over HTTP', () => {
  const post = (path: string, body: unknown, token: string): Promise<Response> =>
    system.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      token,
    })
  let [asker, second, elsewhere] = ['', '', '']
  beforeAll(async () => {
    ;[asker, second, elsewhere] = await Promise.all([
      system.token({ sub: 'asker', roles: { hang: 'steward' } }),
      system.token({ sub: 'second', roles: { hang: 'steward' } }),
      system.token({ sub: 'third', roles: { elsewhere: 'owner' } }),
    ])
  })

  test('nobody who came by a link that others held, by a file, or just now', async () => {
    const asked = { project: 'hang', reason: 'incidental finding', of: { subject: 'KIM-7' } }
    const steward = { roles: { hang: 'steward' as const } }
    const [given, abroad, fresh] = await Promise.all([
      system.token({ sub: 'asker', ...steward, ownLink: false }),
      // The same person, by an account at the other site that shares the key.
      system.token({ sub: 'elsewhere', ...steward, site: 'cloud' }),
      system.token({ sub: 'fresh', ...steward, accountSince: Math.floor(Date.now() / 1000) - 6 * 86_400 }),
    ])
    const refused = await post('/api/ledger/lookups', asked, given)
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('link of their own')])
    const young = await post('/api/ledger/lookups', asked, fresh)
    expect([young.status, await young.text()]).toEqual([403, expect.stringContaining('7 days')])
    const { id } = (await (await post('/api/ledger/lookups', asked, asker)).json()) as { id: string }
    const approve = (token: string) => post(`/api/ledger/lookups/${id}/approval`, { decision: 'approve' }, token)
    expect((await approve(await system.token({ sub: 'second', ...steward, ownLink: false }))).status).toBe(403)
    expect((await approve(fresh)).status).toBe(403)
    // Perhaps the asker's own account at the provider.
    const otherWay = await approve(await system.token({ sub: 'second', ...steward, idp: 'https://idp.example' }))
    expect([otherWay.status, await otherWay.text()]).toEqual([403, expect.stringContaining('told apart')])
    const refusal = await approve(abroad)
    expect([refusal.status, await refusal.text()]).toEqual([403, expect.stringContaining('of this site')])
    expect((await approve(second)).status).toBe(200)
    // Nor does somebody who was given a link to the asker's account read the answer.
    expect((await system.fetch(`/api/ledger/lookups/${id}`, { token: given })).status).toBe(403)
  })

  test('two people of the project, and the answer for the first alone', async () => {
    const asked = { project: 'hang', reason: 'incidental finding', of: { subject: 'KIM-7' } }
    expect((await post('/api/ledger/lookups', asked, elsewhere)).status).toBe(404)
    const created = await post('/api/ledger/lookups', asked, asker)
    expect(created.status).toBe(201)
    const { id, state } = (await created.json()) as { id: string; state: string }
    expect(state).toBe('waiting')
    const see = async (token: string) =>
      (await (await system.fetch(`/api/ledger/lookups/${id}`, { token })).json()) as object
    expect(await see(asker)).toMatchObject({ state: 'waiting', answer: null })
    const decide = (token: string) => post(`/api/ledger/lookups/${id}/approval`, { decision: 'approve' }, token)
    expect((await decide(elsewhere)).status).toBe(404)
    expect((await decide(asker)).status).toBe(403)
    expect(await (await decide(second)).json()).toMatchObject({ state: 'approved', decidedBy: 'second' })
    expect(await see(asker)).toMatchObject({
      answer: { names: ['Kim-7', 'kim-7'], slides: expect.arrayContaining([expect.objectContaining({ case: 'S1' })]) },
    })
    expect(await see(second)).toMatchObject({ state: 'approved', answer: null })
    const list = await system.fetch('/api/ledger/lookups', { token: elsewhere })
    expect(await list.json()).toEqual({ lookups: [] })
  })

  test('who asked, agreed and looked stands in the audit, which is whole', async () => {
    const { entries } = await get<{ entries: { action: string; actor: string; what: object }[] }>('/api/ledger/audit')
    const acts = entries
      .filter(({ action }) => action.startsWith('ledger.'))
      .map(({ action, actor }) => `${action} ${actor}`)
    expect(acts).toEqual([
      ...['ledger.lookup-requested asker', 'ledger.lookup-approved second'],
      ...['ledger.lookup-requested asker', 'ledger.lookup-approved second', 'ledger.looked-up asker'],
    ])
    expect(JSON.stringify(entries)).not.toMatch(/kim-7|a1\.svs/i)
    expect(await get('/api/ledger')).toMatchObject({ on: true, audit: { entries: entries.length, broken: null } })
    expect((await system.fetch('/api/ledger/audit', { token: asker })).status).toBe(403)
  })

  test('keys rotate in the background', async () => {
    expect((await post('/api/ledger/keys', {}, await system.token())).status).toBe(202)
    await expect
      .poll(async () => (await get<{ keys: { destroyedAt: string | null }[] }>('/api/ledger')).keys, {
        timeout: 10_000,
      })
      .toMatchObject([{ destroyedAt: expect.any(String), subjects: 0 }, { destroyedAt: null }])
    expect((await admit('hang', 'a1.svs')).admitted).toBe(true)
  })

  test('only an owner of everything switches it, and only after reading what is lost', async () => {
    const owner = await system.token({ sub: 'project-owner', roles: { hang: 'owner' } })
    expect((await put('/api/ledger', { on: false, confirm: 'forget' }, owner)).status).toBe(404)
    const refused = await put('/api/ledger', { on: false })
    expect(refused.status).toBe(409)
    expect(((await refused.json()) as { errors: string[] }).errors.join()).toContain('withdrawal of consent')
    expect(await (await put('/api/ledger', { on: false, confirm: 'forget' })).json()).toMatchObject({ on: false })
    expect(await (await put('/api/ledger', { on: true })).json()).toMatchObject({ on: true, changedBy: 'test-owner' })
  })

  test('a withdrawal is begun once, and shown to those who may', async () => {
    const { subjects: list } = await get<{ subjects: { id: string }[] }>('/api/subjects?project=hang')
    const path = `/api/subjects/${list[0]!.id}/withdrawal`
    expect((await post(path, { reason: 'x' }, elsewhere)).status).toBe(404)
    const begun = await post(path, { reason: 'asked for it' }, asker)
    expect(begun.status).toBe(202)
    const { id } = (await begun.json()) as { id: string }
    expect(await (await post(path, { reason: 'again' }, second)).json()).toMatchObject({ id, reason: 'asked for it' })
    expect((await system.fetch(`/api/withdrawals/${id}`, { token: elsewhere })).status).toBe(404)
    expect((await system.fetch(`/api/withdrawals/${id}`, { token: second })).status).toBe(200)
    expect((await put(`/api/subjects/${list[0]!.id}/attestations/tumour-fraction`, { value: 1 })).status).toBe(409)
  })
})

test('lists go on where the cursor says', async () => {
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { subjects: { id: string }[]; nextCursor: string | null } = await get(
      `/api/subjects?project=hang&limit=1${cursor && `&cursor=${cursor}`}`,
    )
    seen.push(...page.subjects.map(({ id }) => id))
    cursor = page.nextCursor
  }
  expect(new Set(seen).size).toBe(2)
  expect(seen).toHaveLength(2)
  expect((await system.fetch('/api/subjects?cursor=x')).status).toBe(400)
})

test('the log names nobody', async () => {
  expect(await readFile(join(system.data, 'log.jsonl'), 'utf8')).not.toMatch(/Kim-7|Park|Gildong|00123456|c\.svs/i)
})
