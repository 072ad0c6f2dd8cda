/** Slides of our own making, with invented patient data in every place where scanners leave the real thing. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { FAKE_PATIENT } from '@coverslip/wsi/synthetic/patient.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deidentifyInPlace } from './in-place.ts'
import { patternsOf, scanFile } from './scan.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-synthetic-'))
})
afterAll(() => rm(folder, { recursive: true }))

const patterns = Object.values(FAKE_PATIENT).flatMap(text => patternsOf(Buffer.from(text)))

describe.each(['aperio', 'generic-tiff'] as const)('a synthetic slide as %s', format => {
  it('keeps its geometry and loses its patient', async () => {
    const [source, result] = [join(folder, `${format}-source`), join(folder, `${format}-result`)]
    await writeSyntheticSlide(source, { width: 700, height: 500, seed: 7, format })
    expect((await scanFile(source, patterns)).hits.length).toBeGreaterThan(5)
    const before = await describeSlide(source)
    const made = await deidentifyInPlace(source, result, { ...before, format })
    expect((await scanFile(result, patterns)).hits).toEqual([])
    const after = await describeSlide(result)
    expect(after).toMatchObject({
      mpp: before.mpp,
      objectivePower: before.objectivePower,
      levels: before.levels,
      associated: [],
    })
    const report = JSON.stringify(made!.removed)
    for (const text of Object.values(FAKE_PATIENT)) expect(report).not.toContain(text)
    expect(report).not.toContain('CustomField')
    expect((await readFile(result)).length).toBe((await readFile(source)).length)
  })
})
