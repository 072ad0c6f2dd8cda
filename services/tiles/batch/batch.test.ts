import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NewClaims } from '@coverslip/platform/auth/token.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tiles } from '../module.ts'
import { makeServedSlides } from '../testing/served-slide.ts'
import { encodeEnd, encodePart } from './form-data.ts'
import { inOrder } from './in-order.ts'

let data: string
let system: TestSystem
let base: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-batch-'))
  const [slide] = await makeServedSlides(data, { width: 1500, height: 1100 })
  base = `/tiles/${slide!.slideId}/1`
  system = await startSystem([tiles], { data })
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

const at = (level: number, x: number, y: number) => ({ level, x, y })
const ask = (body: unknown, options: { token?: string | null } = {}) =>
  system.fetch(`${base}/batch`, {
    ...options,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** Names with bytes, or with the reason why there are none. */
async function partsOf(answer: Response): Promise<[string, Buffer | string][]> {
  const entries = [...(await answer.formData())] as [string, File | string][]
  return Promise.all(
    entries.map(
      async ([name, value]): Promise<[string, Buffer | string]> =>
        typeof value === 'string' ? [name, value] : [name, Buffer.from(await value.arrayBuffer())],
    ),
  )
}

test('many tiles come in the order in which they were asked for, the same as one by one; what is missing says so', async () => {
  const wanted = [at(0, 5, 4), at(2, 0, 0), at(0, 6, 0), at(1, 2, 1), at(9, 0, 0), at(0, 5, 4), at(0, 0, 0)]
  const answer = await ask({ tiles: wanted })
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
  const parts = await partsOf(answer)
  expect(parts.map(([name]) => name)).toEqual(wanted.map(({ level, x, y }) => `${level}/${x}_${y}`))
  for (const [name, bytes] of parts) {
    const alone = await system.fetch(`${base}/${name}`)
    if (typeof bytes === 'string') expect([name, bytes, alone.status]).toEqual([name, 'not-found', 404])
    else expect(bytes.equals(Buffer.from(await alone.arrayBuffer()))).toBe(true)
  }
  expect(parts.filter(([, bytes]) => typeof bytes === 'string').map(([name]) => name)).toEqual(['0/6_0', '9/0_0'])
})

test('in another format', async () => {
  const [file] = [...(await (await ask({ tiles: [at(1, 0, 0)], format: 'webp' })).formData()).values()] as File[]
  expect(file!.type).toBe('image/webp')
  expect(
    Buffer.from(await file!.arrayBuffer())
      .subarray(8, 12)
      .toString(),
  ).toBe('WEBP')
})

test('a list that is empty, too long, or no list is refused', async () => {
  const bodies = [{ tiles: [] }, { tiles: Array(257).fill(at(0, 0, 0)) }, {}, { tiles: [at(-1, 0, 0)] }, []]
  for (const body of bodies) expect((await ask(body)).status).toBe(400)
  expect((await ask({ tiles: Array(256).fill(at(0, 0, 0)) })).status).toBe(200)
})

test('nobody gets tiles who may not see the slide', async () => {
  const tiles = [at(0, 0, 0)]
  expect((await ask({ tiles }, { token: null })).status).toBe(401)
  expect((await ask({ tiles }, { token: await system.token({ roles: {}, level: 0 }) })).status).toBe(404)
  const grant: Partial<NewClaims> = { kind: 'grant', roles: { default: 'viewer' }, level: 0, slides: [] }
  expect((await ask({ tiles }, { token: await system.token(grant) })).status).toBe(404)
})

test('bytes that look like the end of a part are left as they are', async () => {
  const bytes = Buffer.from('\r\n--b\r\n--\r\n\r\n--c--')
  const body = Buffer.concat([
    encodePart('bc', { name: '0/1_2', bytes, type: 'image/jpeg' }),
    encodePart('bc', { name: '0/2_2', text: 'not-found' }),
    encodeEnd('bc'),
  ])
  const parts = await partsOf(new Response(body, { headers: { 'content-type': 'multipart/form-data; boundary=bc' } }))
  expect(parts).toEqual([
    ['0/1_2', bytes],
    ['0/2_2', 'not-found'],
  ])
})

test('work is begun a little ahead, and not further', async () => {
  const begun: number[] = []
  const results = inOrder(5, 2, async index => {
    begun.push(index)
    await sleep(5 - index)
    if (index === 3) throw new Error('damaged')
    return index
  })
  expect((await results.next()).value).toBe(0)
  expect(begun).toEqual([0, 1, 2])
  expect((await results.next()).value).toBe(1)
  expect((await results.next()).value).toBe(2)
  await expect(results.next()).rejects.toThrow('damaged')
})
