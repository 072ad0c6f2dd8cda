import { expect, it } from 'vitest'
import { createCpuMeter } from './cpu-meter.ts'

it('shares the time of the process among the jobs of each moment', () => {
  let now = 100
  const meter = createCpuMeter(() => now)
  now = 110
  const first = meter.begin()
  now = 114
  const second = meter.begin()
  now = 120
  expect(second()).toBe(3)
  now = 125
  expect(first()).toBe(4 + 3 + 5)
})

it('counts what this process does', () => {
  const end = createCpuMeter().begin()
  const before = process.cpuUsage()
  while (process.cpuUsage(before).user < 20_000);
  expect(end()).toBeGreaterThanOrEqual(0.02)
})
