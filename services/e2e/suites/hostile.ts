/** Files that are no slides, or were made to harm: each ends as `failed` with a reason, and the service lives on. */
import { readFile } from 'node:fs/promises'
import type { IntakeSlide } from '@coverslip/proto/api.ts'
import { hostileSlides } from '@coverslip/wsi/synthetic/index.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, createUpload } from '../client.ts'
import type { Shape } from '../shape.ts'
import { BROKEN, filesOf } from './slides.ts'

export function hostileSuite(shape: () => Shape): void {
  let client: Client
  beforeAll(() => {
    client = clientOf(shape())
  })

  /** One whose pixels cannot be compared with the source's is kept back by the proof. */
  async function expectFailed(files: { name: string; bytes: Buffer; path?: string }[]): Promise<IntakeSlide> {
    const slide = await client.settled(await client.upload(files), 60)
    expect(['failed', 'quarantined']).toContain(slide.state)
    expect(slide.reason).toMatch(/^[A-Z].{15,}/)
    expect(slide.reason).not.toMatch(/[/\\]|undefined|Error:/)
    // The catalog has never heard of it, unless it only proved broken when its tiles were decoded.
    const known = await client.get(`/api/slides/${slide.id}`)
    if (known.status !== 404) expect(await known.json()).toMatchObject({ state: 'failed', reason: slide.reason })
    expect((await client.get('/readyz')).status).toBe(200)
    return slide
  }

  describe.skipIf(!sharedData)(`broken slides of ../shared/data${unlessMissing}`, () => {
    test.each(BROKEN)('%s fails with a reason', async path => {
      await expectFailed(await filesOf(path))
    })
    test('a truncated slide fails with a reason', async () => {
      const bytes = await readFile(sharedSlide('svs/aperio-4k-rgb240-classic.svs'))
      await expectFailed([{ name: 'cut.svs', bytes: bytes.subarray(0, bytes.length >> 1) }])
    })
  })

  test('a text file with the name of a slide fails with a reason', async () => {
    await expectFailed([{ name: 'notes.svs', bytes: Buffer.from('Patient came on Monday.\n'.repeat(50)) }])
  })

  // Only the truncated ones need the bytes of a slide, and have tests of their own.
  const bombs = Object.entries(hostileSlides(Buffer.alloc(0))).filter(([name]) => !/truncated|header-only/.test(name))
  test.each(bombs)('%s fails with a reason', async (name, bytes) => {
    await expectFailed([{ name: `${name}.tiff`, bytes }])
  })

  test.each(['../../etc/passwd', '/etc/passwd', 'a/../../b', 'a\\..\\b', 'a\0b'])(
    'a file of a set at %j is refused',
    async path => {
      const set = { set: '00000000-0000-4000-8000-000000000001', setSize: '2', filename: 'x', path }
      await expect(createUpload(client.get, 10, set)).rejects.toThrow(/POST upload: 400/)
    },
  )
}
