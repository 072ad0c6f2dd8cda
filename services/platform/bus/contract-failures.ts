import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { decode, eventually, never, type OpenedBus, passing, poison, recorder, stage } from './contract-scene.ts'
import type { DeadHandler, Handler } from './port.ts'

/** What becomes of a message whose handler fails: it comes again, or dies and is kept. */
export function failureContract(opened: () => OpenedBus): void {
  test('a retryable error brings the message back after its back-off', async () => {
    const { publish, consumer } = await stage(opened().bus)
    const deliveries: { count: number; at: number }[] = []
    const handle: Handler = async message => {
      deliveries.push({ count: message.deliveryCount, at: performance.now() })
      if (message.deliveryCount < 3) throw passing()
    }
    const subscription = await opened().bus.consume(consumer({ backoffMs: [150, 300] }), handle, never)
    await publish('again')
    await eventually(() => expect(deliveries.map(({ count }) => count)).toEqual([1, 2, 3]))
    const [first, second, third] = deliveries.map(({ at }) => at) as [number, number, number]
    expect(second - first).toBeGreaterThan(140)
    expect(third - second).toBeGreaterThan(290)
    await sleep(400)
    expect(deliveries.length).toBe(3)
    await subscription.stop()
  })

  test('another message is handled while one waits for its back-off', async () => {
    const { publish, consumer } = await stage(opened().bus)
    const { texts, handle } = recorder()
    const failing: Handler = async (message, signal) => {
      await handle(message, signal)
      if (decode(message.data) === 'fails' && message.deliveryCount === 1) throw passing()
    }
    const subscription = await opened().bus.consume(consumer({ backoffMs: [1000] }), failing, never)
    await publish('fails')
    await publish('works')
    await eventually(() => expect(texts).toEqual(['fails', 'works', 'fails']))
    await subscription.stop()
  })

  test('a consumer that keeps the order lets nothing overtake a message that is tried again, in any process', async () => {
    const { publish, consumer } = await stage(opened().bus)
    const { texts, handle } = recorder()
    const failing: Handler = async (message, signal) => {
      await handle(message, signal)
      if (decode(message.data) === 'one' && message.deliveryCount < 3) throw passing()
    }
    const spec = consumer({ inOrder: true, backoffMs: [200] })
    const subscriptions = [
      await opened().bus.consume(spec, failing, never),
      await opened().bus.consume(spec, failing, never),
    ]
    for (const text of ['one', 'two', 'three']) await publish(text)
    await eventually(() => expect(texts).toEqual(['one', 'one', 'one', 'two', 'three']))
    for (const subscription of subscriptions) await subscription.stop()
  })

  test('a message that can never succeed dies at once, is kept, and the next one is handled', async () => {
    const { stream, publish, consumer } = await stage(opened().bus)
    const { texts, handle } = recorder()
    const failing: Handler = async (message, signal) => {
      await handle(message, signal)
      if (decode(message.data) === 'poison') throw poison()
    }
    const died: unknown[] = []
    const dead: DeadHandler = async (message, error) => void died.push([decode(message.data), error])
    const subscription = await opened().bus.consume(consumer(), failing, dead)
    await publish('poison')
    await publish('good')
    await eventually(() => expect(texts).toContain('good'))
    await sleep(200)
    expect(texts).toEqual(['poison', 'good'])
    expect(died).toEqual([['poison', poison()]])
    expect(await opened().deadCount(stream)).toBe(1)
    await subscription.stop()
  })

  test('a message that keeps failing dies with its last delivery', async () => {
    const { stream, publish, consumer } = await stage(opened().bus)
    const counts: number[] = []
    const died: number[] = []
    const failing: Handler = async message => {
      counts.push(message.deliveryCount)
      throw passing()
    }
    const dead: DeadHandler = async message => void died.push(message.deliveryCount)
    const subscription = await opened().bus.consume(consumer({ maxDeliver: 2 }), failing, dead)
    await publish('fails')
    await eventually(async () => expect(await opened().deadCount(stream)).toBe(1))
    expect([counts, died]).toEqual([[1, 2], [2]])
    await subscription.stop()
  })

  test('a dead message comes again when its dead handler fails', async () => {
    const { stream, publish, consumer } = await stage(opened().bus)
    let calls = 0
    const dead: DeadHandler = async () => {
      calls += 1
      if (calls === 1) throw passing()
    }
    const failing: Handler = () => Promise.reject(poison())
    const subscription = await opened().bus.consume(consumer({ maxDeliver: 1 }), failing, dead)
    await publish('poison')
    await eventually(() => expect(calls).toBe(2))
    await eventually(async () => expect(await opened().deadCount(stream)).toBe(1))
    await subscription.stop()
  })
}
