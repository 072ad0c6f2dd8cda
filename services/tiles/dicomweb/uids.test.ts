import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { instanceUid, seriesUid, slideOf, studyUid } from './uids.ts'

test('a study is its slide, there and back', () => {
  for (const id of ['00000000-0000-0000-0000-000000000001', 'ffffffff-ffff-ffff-ffff-ffffffffffff', randomUUID()]) {
    expect(slideOf(studyUid(id))).toBe(id)
  }
})

test.each([
  '',
  '2.25.',
  '2.25.01',
  '2.25.-1',
  '2.25.340282366920938463463374607431768211456',
  '1.2.840.10008',
  "2.25.1' or 1=1",
])('%j is no study of ours', uid => {
  expect(slideOf(uid)).toBeUndefined()
})

test('identifiers fit DICOM, stay the same, and differ between slides, renditions and levels', () => {
  const [one, other] = [randomUUID(), randomUUID()]
  const made = [
    seriesUid(one, '1'),
    seriesUid(one, '1-original'),
    seriesUid(other, '1'),
    ...[0, 1].flatMap(level => [instanceUid(one, '1', level), instanceUid(other, '1', level)]),
  ]
  expect(new Set(made).size).toBe(made.length)
  expect(made[0]).toBe(seriesUid(one, '1'))
  for (const uid of made) {
    expect(uid.length).toBeLessThanOrEqual(64)
    expect(uid).toMatch(/^2\.25\.[1-9]\d*$/)
  }
})
