import { flow } from '@coverslip/proto/flow.ts'
import { SlideTiled } from '@coverslip/proto/gen/events/v1/events.ts'
import { consumerName } from '@coverslip/proto/streams.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Bus, BusMessage, ConsumerSpec, DeadHandler, Handler } from './bus/port.ts'
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
    site: 'onprem',
    bus: {} as Bus,
    log: openLog({ service: 't', level: 'silent' }),
    telemetry,
  }
  await expect(startConsumers(subscriber, {})).rejects.toThrow(
    'consumers of tiles must be [slides.deidentified,slides.tiled,slides.deleted]',
  )
})

test('who acts on events of its own site asks for those only', async () => {
  const asked: Record<string, string> = {}
  const bus = {
    consume: async ({ name, subject }: ConsumerSpec) => {
      asked[name] = subject
      return { stop: async () => {} }
    },
  } as unknown as Bus
  const log = openLog({ service: 't', level: 'silent' })
  const events = ['slides.deidentified', 'pyramid.part_wanted', 'pyramid.assembly_wanted', 'slides.deleted']
  const consumers = Object.fromEntries(events.map(name => [name, { handle: async () => {} }]))
  await startConsumers({ service: 'pyramid', site: 'cloud', bus, log, telemetry }, consumers)
  expect(asked[consumerName('pyramid', 'slides.deidentified')]).toBe('slides.cloud.deidentified')
  expect(asked[consumerName('pyramid', 'slides.deleted')]).toBe('slides.*.deleted')
})

test('an event whose id or number no table can hold is given up at once, and nobody is told that its slide failed', async () => {
  const handlers = new Map<string, { handle: Handler; dead: DeadHandler }>()
  const bus = {
    consume: async (spec: ConsumerSpec, handle: Handler, dead: DeadHandler) => {
      handlers.set(spec.name, { handle, dead })
      return { stop: async () => {} }
    },
  } as unknown as Bus
  const seen: string[] = []
  const consumer = {
    handle: async ({ slideId }: { slideId: string }) => void seen.push(`handled ${slideId}`),
    failed: async ({ slideId }: { slideId: string }) => void seen.push(`failed ${slideId}`),
  }
  const log = openLog({ service: 't', level: 'silent' })
  const subscriber = { service: 'tiles' as const, site: 'onprem', bus, log, telemetry }
  const consumed = Object.entries(flow).filter(([, arrow]) => (arrow.consumers as readonly string[]).includes('tiles'))
  await startConsumers(subscriber, Object.fromEntries(consumed.map(([name]) => [name, consumer])))
  const { handle, dead } = handlers.get(consumerName('tiles', 'slides.tiled'))!
  const deliver = async (data: Uint8Array): Promise<string> => {
    const message: BusMessage = { id: 'x', place: '1.x', subject: 's', data, headers: {}, deliveryCount: 1 }
    const error = await handle(message, new AbortController().signal).catch(reason => reason)
    await dead(message, error ?? new Error('given up'))
    return error?.code ?? 'handled'
  }
  const slideId = '5a3c1f0e-2b9d-4c47-9a51-0d6f7e8b9a10'
  const tiled = (change: object) =>
    SlideTiled.encode(SlideTiled.fromPartial({ slideId, revision: 1, ...change })).finish()
  expect(await deliver(tiled({ slideId: '../../etc' }))).toBe('invalid')
  expect(await deliver(tiled({ slideId: '' }))).toBe('invalid')
  expect(await deliver(tiled({ revision: 2 ** 32 - 1 }))).toBe('invalid')
  expect(await deliver(Buffer.from('\xff\xff\xff', 'latin1'))).toBe('invalid')
  expect(seen).toEqual([])
  expect(await deliver(tiled({}))).toBe('handled')
  expect(seen).toEqual([`handled ${slideId}`, `failed ${slideId}`])
})

test('progress is told at most twice a second per slide, and the last word always', () => {
  vi.useFakeTimers()
  const told: string[] = []
  const signal = async (subject: string): Promise<void> => void told.push(subject)
  const signals = createSignals({ signal } as unknown as Bus, 'pyramid', 'onprem')
  const tell = (slideId: string, fraction: number) =>
    signals.tell('pyramid.progress', { slideId, stage: 'tiling', fraction })
  for (let i = 0; i < 100; i += 1) tell('a', i / 100)
  tell('b', 0)
  expect(told).toEqual(['pyramid.onprem.progress', 'pyramid.onprem.progress'])
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
