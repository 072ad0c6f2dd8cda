import type { StageView } from '@coverslip/proto/api/stage.ts'
import { expect, test } from 'vitest'
import { stageFacts, stageWish, wishFacts } from './stage.ts'

test('either slides or a project', () => {
  expect(stageWish(['a'], undefined)).toEqual({ slides: ['a'] })
  expect(stageWish([], 'course')).toEqual({ project: 'course' })
  expect(() => stageWish([], undefined)).toThrow('either')
  expect(() => stageWish(['a'], 'course')).toThrow('either')
})

test('says how full the stage is and what keeps slides there', () => {
  const view: StageView = {
    ...{ on: true, quota: 500e9, bytes: 2e9, staged: 1, waiting: 2, slides: [] },
    pins: [{ name: 'spring', slides: 3, staged: 1, bytes: 6e9, pinnedBy: 'u', pinnedAt: '2026-11-22T10:00:00.000Z' }],
  }
  const [full, , headings, spring] = stageFacts(view)
  expect(full).toMatch(/1 slide, 2 on their way$/)
  expect(headings!.split(/\s{2,}/)).toEqual(['PIN', 'SLIDES', 'STAGED', 'SIZE', 'SINCE'])
  expect(spring!.split(/\s{2,}/).slice(0, 3)).toEqual(['spring', '3', '1'])
  expect(stageFacts({ ...view, on: false })).toEqual([expect.stringContaining('no stage')])
})

test('says which slides are not known', () => {
  expect(wishFacts({ pin: 'spring', slides: 1, bytes: 1000, unknown: ['x'] })).toEqual([
    expect.stringMatching(/^1 slide \(.*\) pinned as spring$/),
    'unknown, or without a pyramid: x',
  ])
})
