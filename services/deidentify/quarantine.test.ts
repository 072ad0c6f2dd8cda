/** A result that the proof does not pass: nothing of it is stored, and the slide says which check it was. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toServiceError } from '@coverslip/platform/errors.ts'
import type { Deps } from '@coverslip/platform/module.ts'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { config } from './config.ts'
import { VerificationError } from './errors.ts'
import { migrations } from './migrations/index.ts'
import { type DeidentifyDeps, onReceived } from './received.ts'
import { eventContext, receivedSlide } from './testing.ts'

/** The site knows a number that happens to be the slide's scale, which stays in the file. */
const KNOWN = '0.4990'

let folder: string
let test: TestDeps<DeidentifyDeps>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-quarantine-'))
  await writeSyntheticSlide(join(folder, 'slide.svs'), { width: 500, height: 400, workers: 1 })
  const rpc = (() => ({ getKnownTexts: async () => ({ texts: [KNOWN], ledger: true }) })) as unknown as Deps['rpc']
  test = await openTestDeps<DeidentifyDeps>({ name: 'deidentify', config, migrations, rpc })
})
afterAll(async () => {
  await test?.close()
  await rm(folder, { recursive: true, force: true })
})

it('a slide whose proof fails is quarantined: no object, no report, a code and the check in plain words', async () => {
  const message = await receivedSlide(test.data, join(folder, 'slide.svs'))
  const error: unknown = await onReceived(test.deps)
    .handle(message, eventContext())
    .catch(error => error)
  expect(error).toBeInstanceOf(VerificationError)
  await onReceived(test.deps).failed!(message, toServiceError(error))
  const events = (await test.events()).filter(({ name }) => name.startsWith('slides.'))
  expect(events).toMatchObject([
    {
      name: 'slides.failed',
      message: {
        code: 'verification-failed',
        reason: 'De-identification could not be proven: a text of the source is still there.',
      },
    },
  ])
  expect(JSON.stringify(events.map(({ message }) => 'reason' in message && message.reason))).not.toContain(KNOWN)
  for (const store of [test.deps.objects.original, test.deps.objects.pyramid]) {
    for await (const { key } of store.list('')) throw new Error(`${key} was stored`)
  }
  expect(await readdir(test.deps.scratch)).toEqual([])
})
