import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IntakeSlide } from '@coverslip/proto/api.ts'
import { afterEach, expect, test } from 'vitest'
import { comingTable, listComing } from './coming.ts'

const record = (last: number, more: Partial<IntakeSlide>): IntakeSlide => ({
  id: `5c1d1f0e-93a7-4a55-b0de-6f6f0b6f9c${last}`,
  project: 'liver',
  sourceName: `scan ${last}.svs`,
  researchNumber: `R-${last}`,
  releaseName: null,
  annotationFiles: 0,
  state: 'held',
  progress: 1,
  code: null,
  reason: null,
  sourceBytes: 42_000_000,
  format: 'aperio',
  receivedAt: '2026-11-22T10:30:00.000Z',
  changedAt: '2026-11-22T10:30:00.000Z',
  ...more,
})
const held = record(10, { reason: 'consent: there is no consent' })
const rejected = record(11, { state: 'rejected', reason: 'out of focus' })
const pages = [
  { slides: [held, record(12, { state: 'ready' })], nextCursor: 'more' },
  { slides: [rejected, record(13, { state: 'tiling' })], nextCursor: null },
]

let server: Server | undefined
afterEach(() => server?.close())

/** A site whose intake answers so. */
async function site(answer: (path: string) => [status: number, body: unknown]) {
  server = createServer((request, response) => {
    const [status, body] = answer(request.url!)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>(done => server!.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, intakeUrl: url, token: 'x' }
}
async function all(slides: AsyncIterable<IntakeSlide>): Promise<IntakeSlide[]> {
  const found: IntakeSlide[] = []
  for await (const slide of slides) found.push(slide)
  return found
}
const paged = (path: string): [number, unknown] => [200, pages[path.includes('cursor=more') ? 1 : 0]]

test('all pages are listed, without what is ready or in the public list', async () => {
  const connection = await site(paged)
  const listed = new Set([record(13, {}).id])
  expect(await all(listComing(connection, listed))).toEqual([held, rejected])
  expect(await all(listComing(connection, listed, 'SCAN 11'))).toEqual([rejected])
})

test.each([403, 404])('where the intake answers %d nothing is on its way', async status => {
  const connection = await site(() => [status, {}])
  expect(await all(listComing(connection, new Set()))).toEqual([])
})

test('another failure is told', async () => {
  const connection = await site(() => [500, {}])
  await expect(all(listComing(connection, new Set()))).rejects.toThrow('500')
})

test('the table tells state and reason', () => {
  expect(comingTable([held, record(14, { state: 'deidentifying', progress: 0.5 })])).toEqual([
    `ID${' '.repeat(36)}NAME  STATE               SIZE   RECEIVED          REASON`,
    `${held.id}  R-10  held                42 MB  2026-11-22 10:30  consent: there is no consent`,
    '5c1d1f0e-93a7-4a55-b0de-6f6f0b6f9c14  R-14  deidentifying 50 %  42 MB  2026-11-22 10:30',
  ])
})
