import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { drawingSuite } from './browser/drawing.ts'
import { filesSuite } from './browser/files.ts'
import { gridSuite } from './browser/grid.ts'
import { heatMapsSuite } from './browser/heat-maps.ts'
import { listingSuite } from './browser/listing.ts'
import { reviewingSuite } from './browser/reviewing.ts'
import { settingsSuite } from './browser/settings.ts'
import { signingInSuite } from './browser/signing-in.ts'
import { subjectsSuite } from './browser/subjects.ts'
import { waitingSuite } from './browser/waiting.ts'
import { startWorld, tissue, viewable, type World } from './browser/world.ts'

describe('Coverslip in Chromium', () => {
  let world: World
  let slideId: string
  const [it, slide] = [() => world, () => slideId]
  beforeAll(async () => {
    const [started, bytes] = await Promise.all([startWorld(), tissue(3000, 2200)])
    world = started
    slideId = await viewable(world, 'tissue.svs', bytes)
  })
  afterEach(() => expect(world.complaints()).toEqual([]))
  afterAll(() => world?.stop())

  signingInSuite(it, slide)
  listingSuite(it)
  waitingSuite(it, slide)
  drawingSuite(it, slide)
  filesSuite(it, slide)
  gridSuite(it)
  heatMapsSuite(it, slide)
  reviewingSuite(it)
  subjectsSuite(it)
  settingsSuite(it)
})
