/** A slide that becomes a pyramid is coded as its technique asks for. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { Material, Technique } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { verifyPyramid } from '@coverslip/wsi/convert/index.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { config } from './config.ts'
import { migrations } from './migrations/index.ts'
import type { DeidentifyDeps } from './received.ts'
import { makeResult } from './result.ts'
import { nothingKnown, receivedSlide } from './testing.ts'

const FILES = { hamamatsu: 'slide.ndpi', mirax: 'slide.mrxs' } as const

let folder: string
let test: TestDeps<DeidentifyDeps>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-result-'))
  for (const [format, name] of Object.entries(FILES)) {
    const options = { width: 500, height: 400, seed: 3, tileSize: 64, format: format as keyof typeof FILES, workers: 1 }
    await writeSyntheticSlide(join(folder, name), options)
  }
  test = await openTestDeps<DeidentifyDeps>({ name: 'deidentify', config, migrations, rpc: nothingKnown })
})
afterAll(async () => {
  await test?.close()
  await rm(folder, { recursive: true, force: true })
})

/** A redacted slide of a format that is not redacted in place. */
async function redacted(format: keyof typeof FILES, technique: Technique) {
  const material = Material.fromPartial({ technique })
  const message = await receivedSlide(test.data, join(folder, FILES[format]), { format, material })
  const run = await mkdtemp(join(folder, 'run-'))
  const redact = [{ x: 200, y: 150, width: 40, height: 30 }]
  const made = await makeResult(test.deps, message, {
    revision: 2,
    redact,
    folder: run,
    signal: AbortSignal.timeout(60_000),
  })
  expect(made.rendition).toBe('pyramid')
  return verifyPyramid(made.files[0].path)
}

describe.each(Object.keys(FILES) as (keyof typeof FILES)[])('a redacted slide as %s', format => {
  it('has full chroma and a higher quality where a border of colour counts', async () => {
    const plain = await redacted(format, Technique.HE)
    const full = await redacted(format, Technique.IHC)
    expect(plain.subsampling).toBe('4:2:0')
    expect(full.subsampling).toBe('4:4:4')
    expect(full.bytes).toBeGreaterThan(plain.bytes * 1.3)
    expect((await redacted(format, Technique.UNSPECIFIED)).bytes).toBe(plain.bytes)
  })
})
