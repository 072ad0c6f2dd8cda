/** What must hold in every shape. */
import { describe } from 'vitest'
import type { Shape } from '../shape.ts'
import { annotatingSuite } from './annotating.ts'
import { comingSuite } from './coming.ts'
import { credentialsSuite } from './credentials.ts'
import { formatsSuite } from './formats.ts'
import { hostileSuite } from './hostile.ts'
import { manySuite } from './many.ts'
import { reviewingSuite } from './reviewing.ts'
import { subjectsSuite } from './subjects.ts'
import { survivalSuite } from './survival.ts'
import { waySuite } from './way.ts'
import { withdrawingSuite } from './withdrawing.ts'

export function everySuite(shape: () => Shape): void {
  describe('the way of a slide', () => waySuite(shape))
  describe('formats', () => formatsSuite(shape))
  describe('hostile files', () => hostileSuite(shape))
  describe('annotations', () => annotatingSuite(shape))
  describe('the human gate', () => reviewingSuite(shape))
  describe('annotations that come with slides', () => comingSuite(shape))
  manySuite(shape)
  describe('credentials', () => credentialsSuite(shape))
  describe('kill -9', () => survivalSuite(shape))
  describe('subjects', () => subjectsSuite(shape))
  describe('a withdrawal that is disturbed', () => withdrawingSuite(shape))
}
