/** A slide that becomes a pyramid is coded as its technique asks for. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { Material, Technique } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { verifyPyramid } from '@coverslip/wsi/convert/index.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { config } from './config.ts'
import { migrations } from './migrations/index.ts'
import { deidentifyByRewriting } from './procedure/rewrite.ts'
import type { DeidentifyDeps } from './received.ts'
import { makeResult } from './result.ts'
import { nothingKnown, receivedSlide } from './testing.ts'

let folder: string
let test: TestDeps<DeidentifyDeps>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-result-'))
  await writeSyntheticSlide(join(folder, 'jpeg.tiff'), {
    width: 500,
    height: 400,
    seed: 3,
    format: 'generic-tiff',
    workers: 1,
  })
  // Tiles of LZW cannot be blanked in part.
  await sharp(join(folder, 'jpeg.tiff'))
    .tiff({ compression: 'lzw', tile: true, pyramid: true })
    .toFile(join(folder, 'slide.tiff'))
  test = await openTestDeps<DeidentifyDeps>({ name: 'deidentify', config, migrations, rpc: nothingKnown })
})
afterAll(async () => {
  await test?.close()
  await rm(folder, { recursive: true, force: true })
})

/** A redacted slide that is not redacted in place. */
async function redacted(technique: Technique, settings: Partial<DeidentifyDeps['config']> = {}) {
  const material = Material.fromPartial({ technique })
  const message = await receivedSlide(test.data, join(folder, 'slide.tiff'), { format: 'generic-tiff', material })
  const deps = { ...test.deps, config: { ...test.deps.config, ...settings } }
  const made = await makeResult(deps, message, {
    revision: 2,
    redact: [{ x: 200, y: 150, width: 40, height: 30 }],
    folder: await mkdtemp(join(folder, 'run-')),
    signal: AbortSignal.timeout(60_000),
  })
  expect(made.rendition).toBe('pyramid')
  return verifyPyramid(made.files[0].path)
}

describe('a slide that becomes a pyramid', () => {
  it('has full chroma and a higher quality where a border of colour counts', async () => {
    const plain = await redacted(Technique.HE)
    const full = await redacted(Technique.IHC)
    expect(plain.subsampling).toBe('4:2:0')
    expect(full.subsampling).toBe('4:4:4')
    expect(full.bytes).toBeGreaterThan(plain.bytes * 1.3)
    expect((await redacted(Technique.UNSPECIFIED)).bytes).toBe(plain.bytes)
  })

  it('is coded as the site asks for', async () => {
    const HE = { quality: 90, subsampling: '4:4:4', floor: 90 } as const
    expect(await redacted(Technique.HE, { PYRAMID_CODINGS: { HE } })).toMatchObject({ subsampling: '4:4:4' })
  })
})

describe('a pyramid that is larger than its source', () => {
  it('is made again with less quality, and refused below the floor', async () => {
    const noisy = join(folder, 'noise.tiff')
    await sharp({
      create: {
        width: 900,
        height: 900,
        channels: 3,
        background: 'white',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .tiff({ compression: 'lzw', tile: true })
      .toFile(noisy)
    const description = await describeSlide(noisy)
    const bytes = async (floor: number, sourceBytes: number, quality = 90) => {
      const running = { signal: AbortSignal.timeout(60_000), onProgress: () => {} }
      const coding = { quality, subsampling: '4:4:4', floor } as const
      const path = join(folder, `${floor}-${sourceBytes}.tiff`)
      return (await deidentifyByRewriting(noisy, path, { description, bytes: sourceBytes }, { ...running, coding }))
        .bytes
    }
    const large = await bytes(90, 1e9)
    const smaller = await bytes(30, large - 70_000 - 100_000)
    expect(smaller).toBeLessThan(large - 100_000)
    await expect(bytes(90, large - 170_000)).rejects.toMatchObject({
      code: 'unsupported',
      publicMessage: /larger than/,
    })
  })
})
