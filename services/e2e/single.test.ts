import { afterAll, beforeAll, describe } from 'vitest'
import type { Shape } from './shape.ts'
import { startSingle } from './single.ts'
import { everySuite } from './suites/every.ts'

describe('one process', () => {
  let shape: Shape
  beforeAll(async () => {
    shape = await startSingle()
  })
  afterAll(() => shape?.stop())

  everySuite(() => shape)
})
