import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failureContract } from './contract-failures.ts'
import { decode, encode, eventually, never, type OpenedBus, recorder, stage } from './contract-scene.ts'
import { streamContract } from './contract-streams.ts'
import type { Bus, Handler } from './port.ts'

/** What every adapter must do. `connect` opens the same bus anew. */
export function busContract(connect: () => Promise<OpenedBus>): void {
  let opened: OpenedBus
  let bus: Bus
  beforeAll(async () => {
    opened = await connect()
    bus = opened.bus
  })
  afterAll(() => opened?.close())

  test('is ready', () => bus.ready())

  test('a message published before its consumer exists is delivered, with id, subject and headers', async () => {
    const { subject, consumer } = await stage(bus)
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    await bus.publish(subject('received'), encode('early'), { id: 'id-1', headers })
    const { messages, texts, handle } = recorder()
    const subscription = await bus.consume(consumer(), handle, never)
    await eventually(() => expect(texts).toEqual(['early']))
    expect(messages[0]).toMatchObject({ id: 'id-1', subject: subject('received'), headers, deliveryCount: 1 })
    await subscription.stop()
  })

  test('messages come in the order of publishing, bytes as they were', async () => {
    const { publish, consumer } = await stage(bus)
    const { texts, handle } = recorder()
    const expected = Array.from({ length: 60 }, (_, i) => `${i} \u00e9`)
    for (const text of expected.slice(0, 30)) await publish(text)
    const subscription = await bus.consume(consumer(), handle, never)
    for (const text of expected.slice(30)) await publish(text)
    await eventually(() => expect(texts.length).toBe(60))
    expect(texts).toEqual(expected)
    await subscription.stop()
  })

  test('stores one id once', async () => {
    const { subject, consumer, publish } = await stage(bus)
    const send = (): Promise<void> => bus.publish(subject('received'), encode('one'), { id: 'same' })
    await Promise.all([send(), send(), send()])
    await send()
    await publish('last')
    const { texts, handle } = recorder()
    const subscription = await bus.consume(consumer(), handle, never)
    await eventually(() => expect(texts).toContain('last'))
    expect(texts).toEqual(['one', 'last'])
    await subscription.stop()
  })

  test('a consumer gets its subject only; consumers of two names each get all', async () => {
    const { publish, consumer } = await stage(bus)
    const [one, two] = [recorder(), recorder()]
    const subscriptions = [
      await bus.consume(consumer({ name: 'one' }), one.handle, never),
      await bus.consume(consumer({ name: 'two' }), two.handle, never),
    ]
    await publish('other', 'failed')
    await publish('mine')
    await eventually(() => expect([one.texts, two.texts]).toEqual([['mine'], ['mine']]))
    for (const subscription of subscriptions) await subscription.stop()
  })

  test('tells what a consumer has still to do, and for how long the oldest of it has waited', async () => {
    const { publish, consumer } = await stage(bus)
    const { promise: done, resolve: goOn } = Promise.withResolvers<void>()
    const { texts, handle } = recorder()
    const slowly: Handler = async (message, signal) => {
      await handle(message, signal)
      if (texts.length > 1) await done
    }
    const subscription = await bus.consume(consumer(), slowly, never)
    expect(await bus.backlog(consumer())).toEqual({ messages: 0, oldestMs: 0 })
    await publish('done at once')
    await eventually(async () => expect(await bus.backlog(consumer())).toEqual({ messages: 0, oldestMs: 0 }))
    await publish('of another subject', 'failed')
    await publish('in work')
    await eventually(() => expect(texts).toHaveLength(2))
    const before = await bus.backlog(consumer())
    expect(before.messages).toBe(1)
    await sleep(200)
    await publish('waits')
    const { messages, oldestMs } = await bus.backlog(consumer())
    expect(messages).toBe(2)
    expect(oldestMs).toBeGreaterThan(before.oldestMs + 150)
    goOn()
    await eventually(async () => expect((await bus.backlog(consumer())).messages).toBe(0))
    await subscription.stop()
  })

  test('two replicas of one consumer share the messages', async () => {
    const { publish, consumer } = await stage(bus)
    const [one, two] = [recorder(), recorder()]
    const slowly =
      (handle: Handler): Handler =>
      async (message, signal) => {
        await handle(message, signal)
        await sleep(20)
      }
    const other = await bus.consume(consumer(), slowly(one.handle), never)
    const subscription = await bus.consume(consumer(), slowly(two.handle), never)
    for (let i = 0; i < 20; i += 1) await publish(`${i}`)
    await eventually(() => expect(one.texts.length + two.texts.length).toBe(20))
    expect(new Set([...one.texts, ...two.texts]).size).toBe(20)
    expect(Math.min(one.texts.length, two.texts.length)).toBeGreaterThan(0)
    await Promise.all([other.stop(), subscription.stop()])
  })

  test('works on as many messages at once as the consumer says', async () => {
    const { publish, consumer } = await stage(bus)
    let now = 0
    let most = 0
    let done = 0
    const { promise: three, resolve: threeAtWork } = Promise.withResolvers<void>()
    const handle: Handler = async () => {
      now += 1
      most = Math.max(most, now)
      if (now === 3) threeAtWork()
      await three
      await sleep(20)
      now -= 1
      done += 1
    }
    const subscription = await bus.consume(consumer({ concurrency: 3 }), handle, never)
    for (let i = 0; i < 9; i += 1) await publish(`${i}`)
    await eventually(() => expect(done).toBe(9))
    expect(most).toBe(3)
    await subscription.stop()
  })

  test('a job longer than the time to acknowledge is kept by the sign that work goes on', async () => {
    const { publish, consumer } = await stage(bus)
    const { texts, handle } = recorder()
    const long: Handler = async (message, signal) => {
      await handle(message, signal)
      await sleep(2000)
    }
    const subscription = await bus.consume(consumer({ ackWaitMs: 1000, concurrency: 2 }), long, never)
    await publish('long')
    await sleep(2500)
    expect(texts).toEqual(['long'])
    await subscription.stop()
  })

  test('stop waits for the work in hand; work that takes too long is aborted and comes again', async () => {
    const { publish, consumer } = await stage(bus)
    const finished: string[] = []
    const started: string[] = []
    const handle: Handler = async (message, signal) => {
      started.push(decode(message.data))
      await sleep(decode(message.data) === 'short' ? 100 : 60_000, undefined, { signal })
      finished.push(decode(message.data))
    }
    const subscription = await bus.consume(consumer({ concurrency: 2 }), handle, never)
    await publish('short')
    await publish('long')
    await eventually(() => expect(started.toSorted()).toEqual(['long', 'short']))
    await subscription.stop(1000)
    expect(finished).toEqual(['short'])
    await publish('later')
    await sleep(200)
    expect(started.length).toBe(2)
    const again = recorder()
    const second = await bus.consume(consumer(), again.handle, never)
    await eventually(() => expect(again.texts.toSorted()).toEqual(['later', 'long']))
    expect(again.messages.find(message => decode(message.data) === 'long')?.deliveryCount).toBe(2)
    await second.stop()
  })

  failureContract(() => opened)
  streamContract(() => bus, connect)

  test('messages and the place of a consumer outlive the process', async () => {
    const { publish, consumer } = await stage(bus)
    const first = recorder()
    const subscription = await bus.consume(consumer(), first.handle, never)
    await publish('one')
    await eventually(() => expect(first.texts).toEqual(['one']))
    await subscription.stop()
    await publish('two')
    await opened.close()
    opened = await connect()
    bus = opened.bus
    const second = recorder()
    const next = await bus.consume(consumer(), second.handle, never)
    await eventually(() => expect(second.texts).toEqual(['two']))
    await next.stop()
  })
}
