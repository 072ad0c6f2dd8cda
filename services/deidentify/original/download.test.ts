import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { noteErasure, takeReceipt } from '@coverslip/platform/erasure.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall } from '@coverslip/platform/module.ts'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { config } from '../config.ts'
import { migrations } from '../migrations/index.ts'
import type { DeidentifyDeps } from '../received.ts'
import { saveOutcome } from '../store.ts'
import { downloadOriginal } from './download.ts'

let test: TestDeps<DeidentifyDeps>
const id = randomUUID()
const rewritten = randomUUID()
const folded = randomUUID()
beforeAll(async () => {
  test = await openTestDeps<DeidentifyDeps>({ name: 'deidentify', config, migrations })
  for (const [slideId, rendition] of [
    [id, 'original'],
    [rewritten, 'pyramid'],
  ] as const) {
    const key = `${slideId}/1/original.svs`
    const file = { rendition, key, bytes: 10, sha256: 'abc' }
    await test.deps.objects.original.put(key, Buffer.from('0123456789'))
    const record = { slideId, state: 'done', revision: 1, project: 'p1', format: 'aperio', file, report: '{}' } as const
    await test.deps.db.transaction(trx => saveOutcome(trx, record))
  }
  const key = `${folded}/1/original.mrxs`
  for (const [name, content] of Object.entries({
    'original.mrxs': 'the picture',
    'original/Data0000.dat': 'the data',
    'deidentification.json': 'report',
  })) {
    await test.deps.objects.original.put(`${folded}/1/${name}`, Buffer.from(content))
  }
  const file = { rendition: 'original', key, bytes: 11, sha256: 'abc' } as const
  const record = {
    slideId: folded,
    state: 'done',
    revision: 1,
    project: 'p1',
    format: 'mirax',
    file,
    report: '{}',
  } as const
  await test.deps.db.transaction(trx => saveOutcome(trx, record))
})
afterAll(() => test.close())

/** Gives a slide a name, as a release does. */
async function named(slideId: string, name: string): Promise<void> {
  const row = {
    slide_id: slideId,
    project: 'p1',
    name,
    scheme: 'C1/0',
    subject: 'S',
    slots: '[]',
    told: '{}',
    owner: 'o',
  }
  await test.deps.db.query
    .insertInto('releases')
    .values({ ...row, at: new Date() } as never)
    .execute()
}

/** A call by somebody who may download in project p1 only. */
function call(slideId: string, headers: Record<string, string> = {}): HttpCall {
  const allow = ({ project }: { project: string }) => {
    if (project !== 'p1') throw new ServiceError('not-found', 'no')
  }
  return { params: { id: slideId }, headers, allow, principal: { userId: 'reader' } } as unknown as HttpCall
}
async function get(slideId: string, headers?: Record<string, string>) {
  const { status, headers: told, body } = await downloadOriginal(test.deps)(call(slideId, headers))
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : await buffer(body as Readable)
  return { status, headers: told!, text: bytes?.toString('latin1') }
}

describe('GET original', () => {
  it('gives the file under the name of the slide', async () => {
    const { status, headers, text } = await get(id)
    expect([status, text]).toEqual([200, '0123456789'])
    expect(headers['content-disposition']).toBe(`attachment; filename="${id}.svs"`)
    expect(headers['content-length']).toBe('10')
  })

  it('is called by the name that the slide was released under, inside of a zip, too', async () => {
    await named(id, 'C1-4F7KQ2M9-BR')
    await named(folded, 'C1-9D2MX7QA-BR')
    expect((await get(id)).headers['content-disposition']).toBe('attachment; filename="C1-4F7KQ2M9-BR.svs"')
    const { headers, text } = await get(folded)
    expect(headers['content-disposition']).toBe('attachment; filename="C1-9D2MX7QA-BR.zip"')
    for (const part of ['C1-9D2MX7QA-BR.mrxs', 'C1-9D2MX7QA-BR/Data0000.dat']) expect(text).toContain(part)
    expect(text).not.toContain(folded)
    await test.deps.db.query.deleteFrom('releases').execute()
  })

  it('remembers who took it, once', async () => {
    await Promise.all([get(id), get(id)])
    const taken = await test.deps.db.transaction(async trx => {
      await noteErasure(trx, id, { objects: 0, rows: 0, bytes: 0 })
      return takeReceipt(trx, id)
    })
    expect(taken!.downloads).toEqual([{ userId: 'reader', what: 'original', at: expect.any(String) }])
  })

  it('gives a part, also to who has the same file already', async () => {
    expect(await get(id, { range: 'bytes=2-4' })).toMatchObject({ status: 206, text: '234' })
    expect((await get(id, { range: 'bytes=2-4' })).headers['content-range']).toBe('bytes 2-4/10')
    expect(await get(id, { range: 'bytes=2-4', 'if-range': '"abc"' })).toMatchObject({ status: 206 })
    expect(await get(id, { range: 'bytes=2-4', 'if-range': '"other"' })).toMatchObject({ status: 200 })
    expect(await get(id, { 'if-none-match': '"abc"' })).toMatchObject({ status: 304, text: undefined })
  })

  it('gives a slide of several files as a zip, whole and in parts', async () => {
    const { status, headers, text } = await get(folded)
    expect([status, headers['content-type']]).toEqual([200, 'application/zip'])
    expect(headers['content-disposition']).toBe(`attachment; filename="${folded}.zip"`)
    expect(headers['content-length']).toBe(String(text!.length))
    for (const part of [`${folded}.mrxs`, `${folded}/Data0000.dat`, 'the picture', 'the data'])
      expect(text).toContain(part)
    expect(text).not.toContain('report')
    const range = { range: 'bytes=40-99', 'if-range': String(headers.etag) }
    expect(await get(folded, range)).toMatchObject({ status: 206, text: text!.slice(40, 100) })
  })

  it('says how long the file is to who asks past its end', async () => {
    const { status, headers } = await get(id, { range: 'bytes=10-' })
    expect([status, headers['content-range']]).toEqual([416, 'bytes */10'])
    expect(headers['content-type']).toBe('application/problem+json')
  })

  it('says so when the format has none yet, and knows no other slide', async () => {
    await expect(get(rewritten)).rejects.toThrow('There is no de-identified original for this format yet')
    await expect(get(randomUUID())).rejects.toMatchObject({ code: 'not-found' })
    await expect(get('not-a-uuid')).rejects.toMatchObject({ code: 'not-found' })
  })
})
