import { afterAll, beforeAll, describe } from 'vitest'
import { startSeparate } from './separate.ts'
import type { Shape } from './shape.ts'
import { buildingSuite } from './suites/building.ts'
import { everySuite } from './suites/every.ts'
import { serverSurvivalSuite } from './suites/survival.ts'

describe('separate processes', () => {
  let shape: Shape
  beforeAll(async () => {
    shape = await startSeparate()
  }, 180_000)
  afterAll(() => shape?.stop())

  everySuite(() => shape)
  buildingSuite(() => shape)
  serverSurvivalSuite(() => shape)
})
