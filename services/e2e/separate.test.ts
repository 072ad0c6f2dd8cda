import { afterAll, beforeAll, describe } from 'vitest'
import { startSeparate } from './separate.ts'
import type { Shape } from './shape.ts'
import { annotatingSuite } from './suites/annotating.ts'
import { credentialsSuite } from './suites/credentials.ts'
import { hostileSuite } from './suites/hostile.ts'
import { serverSurvivalSuite, survivalSuite } from './suites/survival.ts'
import { waySuite } from './suites/way.ts'

describe('separate processes', () => {
  let shape: Shape
  beforeAll(async () => {
    shape = await startSeparate()
  }, 180_000)
  afterAll(() => shape?.stop())

  describe('the way of a slide', () => waySuite(() => shape))
  describe('hostile files', () => hostileSuite(() => shape))
  describe('annotations', () => annotatingSuite(() => shape))
  describe('credentials', () => credentialsSuite(() => shape))
  describe('kill -9', () => survivalSuite(() => shape))
  serverSurvivalSuite(() => shape)
})
