import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createPace } from './copy.ts'
import { createGuard } from './guard.ts'

const LIMITS = { timeoutMs: 50, restMs: 100, atOnce: 2 }
const harmful = () => false

test('a store that fails has a rest; then one read tries it', async () => {
  const guard = createGuard(LIMITS)
  await expect(guard.attempt(() => Promise.reject(new Error('away')), harmful)).rejects.toThrow('away')
  expect(guard.usable()).toBe(false)
  await sleep(120)
  expect([guard.usable(), guard.usable()]).toEqual([true, false])
  expect(await guard.attempt(async () => 'bytes', harmful)).toBe('bytes')
  expect([guard.usable(), guard.usable()]).toEqual([true, true])
})

test('an error that says nothing against the store changes nothing', async () => {
  const guard = createGuard(LIMITS)
  await expect(
    guard.attempt(
      () => Promise.reject(new Error('missing')),
      () => true,
    ),
  ).rejects.toThrow('missing')
  expect(guard.usable()).toBe(true)
})

test('a store that hangs costs a moment, and is given no more reads than it may keep', async () => {
  const guard = createGuard(LIMITS)
  const hang = Promise.withResolvers<string>()
  let begun = 0
  const read = () => {
    begun += 1
    return hang.promise
  }
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => guard.attempt(read, harmful)))
  expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  expect(begun).toBe(2)
  await sleep(120)
  expect(guard.usable()).toBe(false)
  hang.resolve('late')
  await sleep(20)
  expect(guard.usable()).toBe(true)
})

test('all copies together keep to the pace', async () => {
  const pace = createPace(1_000_000)
  const begun = performance.now()
  const copy = async () => {
    for (let i = 0; i < 10; i += 1) await pace(15_000)
  }
  await Promise.all([copy(), copy()])
  expect(performance.now() - begun).toBeGreaterThan(250)
})

test('copies go slower while somebody waits for the store', async () => {
  const pace = createPace(1_000_000, () => true)
  const begun = performance.now()
  for (let i = 0; i < 3; i += 1) await pace(15_000)
  expect(performance.now() - begun).toBeGreaterThan(300)
})
