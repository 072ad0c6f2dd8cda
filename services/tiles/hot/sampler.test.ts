import { expect, test } from 'vitest'
import { createSampler } from './sampler.ts'

test('the first tile of a rendition is traced, then one in so many of all', () => {
  const sampler = createSampler(10)
  const [one, other] = [{}, {}]
  const taken = Array.from({ length: 40 }, (_, i) => sampler.takes(i === 5 ? other : one))
  expect(taken.flatMap((took, i) => (took ? [i] : []))).toEqual([0, 5, 9, 19, 29, 39])
})
