import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Bus } from './bus/port.ts'
import { createSignals, startConsumers } from './events.ts'
import { openLog } from './log.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'

let telemetry: Telemetry
beforeEach(async () => {
  telemetry = await startTelemetry({ service: 'test', otlpUrl: '' })
})
afterEach(async () => {
  vi.useRealTimers()
  await telemetry.close()
})

test('a module consumes exactly what the flow says', async () => {
  const subscriber = {
    service: 'tiles' as const,
    bus: {} as Bus,
    log: openLog({ service: 't', level: 'silent' }),
    telemetry,
  }
  await expect(startConsumers(subscriber, {})).rejects.toThrow(
    'consumers of tiles must be [slides.tiled,slides.deleted]',
  )
})

test('progress is told at most twice a second per slide, and the last word always', () => {
  vi.useFakeTimers()
  const told: string[] = []
  const signal = async (subject: string): Promise<void> => void told.push(subject)
  const signals = createSignals({ signal } as unknown as Bus, 'pyramid', 'onprem')
  const tell = (slideId: string, fraction: number) =>
    signals.tell('slides.progress', { slideId, stage: 'tiling', fraction })
  for (let i = 0; i < 100; i += 1) tell('a', i / 100)
  tell('b', 0)
  expect(told).toEqual(['slides.onprem.progress', 'slides.onprem.progress'])
  vi.advanceTimersByTime(500)
  expect(told).toHaveLength(3)
  vi.advanceTimersByTime(5000)
  expect(told).toHaveLength(3)
  signals.stop()
})

test('a module tells only what the flow lets it', () => {
  const signals = createSignals({} as Bus, 'tiles', 'onprem')
  expect(() => signals.tell('slides.progress', {})).toThrow('does not let tiles produce slides.progress')
})

test('an attribute outside the list is refused, so that nothing slips onto a span', async () => {
  const attributes = { 'patient.name': 'x' } as never
  await expect(telemetry.span('x', { attributes }, async () => 1)).rejects.toThrow(
    '"patient.name" is not on the allow-list',
  )
  expect(() => telemetry.counter('c', 'c').add(1, attributes)).toThrow('allow-list')
})
