import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import type { TestServer } from '@coverslip/platform/testing/process.ts'
import { s3Missing, startS3 } from '@coverslip/platform/testing/servers.ts'
import { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Originals, openOriginals } from './originals.ts'

const missing = s3Missing()
const SIZE = 100_000

describe.skipIf(missing)(`copies of originals${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let server: TestServer
  let store: Objects
  let scratch: string
  let originals: Originals
  beforeAll(async () => {
    const started = await startS3()
    if ('missing' in started) throw new Error(started.missing)
    server = started.server
    store = await openObjects(server.url)
  })
  afterAll(async () => {
    await store?.close()
    await server?.stop()
  })
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'coverslip-originals-'))
    originals = openOriginals(store, scratch, 2.5 * SIZE)
  })
  afterEach(async () => {
    await originals.close()
    expect(await readdir(scratch)).toEqual([])
    await rm(scratch, { recursive: true })
  })

  /** A slide of these files, by their keys behind the revision. */
  async function put(...names: string[]): Promise<SlideDeidentified> {
    const slideId = randomUUID()
    const files = await Promise.all(
      names.map(async name => {
        const bytes = randomBytes(SIZE)
        const key = `${slideId}/1/${name}`
        await store.put(key, bytes)
        return { key, bytes: BigInt(SIZE), sha256: createHash('sha256').update(bytes).digest('hex') }
      }),
    )
    const [file, ...moreFiles] = files
    return SlideDeidentified.fromPartial({ slideId, revision: 1, ...(file && { file }), moreFiles })
  }
  const copies = async () => (await readdir(scratch)).length

  it('are fetched once for all parts of a slide, at the same time and later', async () => {
    const event = await put('original.svs')
    const [a, b] = await Promise.all([originals.acquire(event), originals.acquire(event)])
    expect([a.movedBytes, b.movedBytes]).toEqual([SIZE, 0])
    expect(a.path).toBe(b.path)
    a.release()
    a.release()
    b.release()
    const later = await originals.acquire(event)
    expect([later.movedBytes, await copies()]).toEqual([0, 1])
    later.release()
  })

  it('lie beside each other as their keys do', async () => {
    const event = await put('original.mrxs', 'original/Index.dat', 'original/Data0000.dat')
    const original = await originals.acquire(event)
    expect(original.movedBytes).toBe(3 * SIZE)
    for (const { key, sha256 } of event.moreFiles) {
      const bytes = await readFile(join(dirname(original.path), key.slice(`${event.slideId}/1/`.length)))
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
    }
    original.release()
  })

  it('go when there is no room for those that nobody uses, the longest unused first', async () => {
    const events = [await put('a.svs'), await put('b.svs'), await put('c.svs')]
    const used = await Promise.all(events.map(event => originals.acquire(event)))
    expect(await copies()).toBe(3)
    for (const each of used) each.release()
    await expect.poll(copies).toBe(2)
    const again = await originals.acquire(events[2]!)
    expect(again.movedBytes).toBe(0)
    again.release()
  })

  it('go with the slide, after their last use', async () => {
    const event = await put('original.svs')
    const original = await originals.acquire(event)
    await originals.forget(event.slideId)
    expect(await copies()).toBe(1)
    original.release()
    await expect.poll(copies).toBe(0)
  })

  it('that are not what was announced are refused, and leave nothing', async () => {
    const event = await put('original.mrxs', 'original/Index.dat')
    const [more] = event.moreFiles
    const other = { ...event, moreFiles: [{ ...more!, sha256: '0'.repeat(64) }] }
    await expect(originals.acquire(other)).rejects.toMatchObject({ code: 'damaged' })
    expect(await copies()).toBe(0)
    const right = await originals.acquire(event)
    right.release()
  })
})
