import { afterAll, beforeAll, describe } from 'vitest'
import type { Shape } from './shape.ts'
import { startSingle } from './single.ts'
import { annotatingSuite } from './suites/annotating.ts'
import { credentialsSuite } from './suites/credentials.ts'
import { hostileSuite } from './suites/hostile.ts'
import { survivalSuite } from './suites/survival.ts'
import { waySuite } from './suites/way.ts'

describe('one process', () => {
  let shape: Shape
  beforeAll(async () => {
    shape = await startSingle()
  })
  afterAll(() => shape?.stop())

  describe('the way of a slide', () => waySuite(() => shape))
  describe('hostile files', () => hostileSuite(() => shape))
  describe('annotations', () => annotatingSuite(() => shape))
  describe('credentials', () => credentialsSuite(() => shape))
  describe('kill -9', () => survivalSuite(() => shape))
})
