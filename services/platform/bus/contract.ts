import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ServiceError } from '../errors.ts'
import type { Bus, BusMessage, ConsumerSpec, DeadHandler, Handler } from './port.ts'

export interface OpenedBus {
  bus: Bus
  /** Closes the bus and what it stands on. */
  close(): Promise<void>
  /** How many messages of the stream are kept as dead. */
  deadCount(stream: string): Promise<number>
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (data: Uint8Array): string => new TextDecoder().decode(data)
const never: DeadHandler = (_message, error) => Promise.reject(new Error('not expected to die', { cause: error }))
const passing = (): ServiceError => new ServiceError('unavailable', 'away')
const poison = (): ServiceError => new ServiceError('unsupported', 'not a slide')

/** A stream of its own for one test, with its subjects and consumers. */
export function scene(): {
  stream: string
  subject(kind: string): string
  consumer(over?: Partial<ConsumerSpec>): ConsumerSpec
} {
  const token = randomUUID().slice(0, 8)
  const stream = `TEST_${token}`
  return {
    stream,
    subject: kind => `${stream}.onprem.${kind}`,
    consumer: over => ({
      stream,
      name: 'worker',
      subject: `${stream}.*.received`,
      ackWaitMs: 5000,
      maxDeliver: 3,
      backoffMs: [50, 100],
      concurrency: 1,
      ...over,
    }),
  }
}

/** What every adapter must do. `connect` opens the same bus anew. */
export function busContract(connect: () => Promise<OpenedBus>): void {
  let opened: OpenedBus
  let bus: Bus
  beforeAll(async () => {
    opened = await connect()
    bus = opened.bus
  })
  afterAll(() => opened?.close())

  async function stage(): Promise<ReturnType<typeof scene> & { publish(text: string, kind?: string): Promise<void> }> {
    const made = scene()
    await bus.ensureStream({ name: made.stream, subjects: [`${made.stream}.*.*`], maxAgeMs: 3_600_000 })
    const publish = (text: string, kind = 'received'): Promise<void> =>
      bus.publish(made.subject(kind), encode(text), { id: randomUUID() })
    return { ...made, publish }
  }

  /** Handles by writing down the text. */
  function recorder(): { texts: string[]; messages: BusMessage[]; handle: Handler } {
    const texts: string[] = []
    const messages: BusMessage[] = []
    return {
      texts,
      messages,
      async handle(message) {
        texts.push(decode(message.data))
        messages.push(message)
      },
    }
  }

  test('is ready', () => bus.ready())

  test('a message published before its consumer exists is delivered, with id, subject and headers', async () => {
    const { subject, consumer } = await stage()
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    await bus.publish(subject('received'), encode('early'), { id: 'id-1', headers })
    const { messages, texts, handle } = recorder()
    const subscription = await bus.consume(consumer(), handle, never)
    await vi.waitFor(() => expect(texts).toEqual(['early']))
    expect(messages[0]).toMatchObject({ id: 'id-1', subject: subject('received'), headers, deliveryCount: 1 })
    await subscription.stop()
  })

  test('messages come in the order of publishing, bytes as they were', async () => {
    const { publish, consumer } = await stage()
    const { texts, handle } = recorder()
    const expected = Array.from({ length: 60 }, (_, i) => `${i} \u00e9`)
    for (const text of expected.slice(0, 30)) await publish(text)
    const subscription = await bus.consume(consumer(), handle, never)
    for (const text of expected.slice(30)) await publish(text)
    await vi.waitFor(() => expect(texts.length).toBe(60), 10_000)
    expect(texts).toEqual(expected)
    await subscription.stop()
  })

  test('stores one id once', async () => {
    const { subject, consumer, publish } = await stage()
    const send = (): Promise<void> => bus.publish(subject('received'), encode('one'), { id: 'same' })
    await Promise.all([send(), send(), send()])
    await send()
    await publish('last')
    const { texts, handle } = recorder()
    const subscription = await bus.consume(consumer(), handle, never)
    await vi.waitFor(() => expect(texts).toContain('last'))
    expect(texts).toEqual(['one', 'last'])
    await subscription.stop()
  })

  test('a consumer gets its subject only; consumers of two names each get all', async () => {
    const { publish, consumer } = await stage()
    const [one, two] = [recorder(), recorder()]
    const subscriptions = [
      await bus.consume(consumer({ name: 'one' }), one.handle, never),
      await bus.consume(consumer({ name: 'two' }), two.handle, never),
    ]
    await publish('other', 'failed')
    await publish('mine')
    await vi.waitFor(() => expect([one.texts, two.texts]).toEqual([['mine'], ['mine']]))
    for (const subscription of subscriptions) await subscription.stop()
  })

  test('two replicas of one consumer share the messages', async () => {
    const { publish, consumer } = await stage()
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
    await vi.waitFor(() => expect(one.texts.length + two.texts.length).toBe(20), 10_000)
    expect(new Set([...one.texts, ...two.texts]).size).toBe(20)
    expect(Math.min(one.texts.length, two.texts.length)).toBeGreaterThan(0)
    await Promise.all([other.stop(), subscription.stop()])
  })

  test('works on as many messages at once as the consumer says', async () => {
    const { publish, consumer } = await stage()
    let now = 0
    let most = 0
    let done = 0
    const handle: Handler = async () => {
      now += 1
      most = Math.max(most, now)
      await sleep(100)
      now -= 1
      done += 1
    }
    const subscription = await bus.consume(consumer({ concurrency: 3 }), handle, never)
    for (let i = 0; i < 9; i += 1) await publish(`${i}`)
    await vi.waitFor(() => expect(done).toBe(9), 10_000)
    expect(most).toBe(3)
    await subscription.stop()
  })

  test('a retryable error brings the message back after its back-off', async () => {
    const { publish, consumer } = await stage()
    const deliveries: { count: number; at: number }[] = []
    const handle: Handler = async message => {
      deliveries.push({ count: message.deliveryCount, at: performance.now() })
      if (message.deliveryCount < 3) throw passing()
    }
    const subscription = await bus.consume(consumer({ backoffMs: [150, 300] }), handle, never)
    await publish('again')
    await vi.waitFor(() => expect(deliveries.map(({ count }) => count)).toEqual([1, 2, 3]), 10_000)
    const [first, second, third] = deliveries.map(({ at }) => at) as [number, number, number]
    expect(second - first).toBeGreaterThan(140)
    expect(third - second).toBeGreaterThan(290)
    await sleep(400)
    expect(deliveries.length).toBe(3)
    await subscription.stop()
  })

  test('another message is handled while one waits for its back-off', async () => {
    const { publish, consumer } = await stage()
    const { texts, handle } = recorder()
    const failing: Handler = async (message, signal) => {
      await handle(message, signal)
      if (decode(message.data) === 'fails' && message.deliveryCount === 1) throw passing()
    }
    const subscription = await bus.consume(consumer({ backoffMs: [300] }), failing, never)
    await publish('fails')
    await publish('works')
    await vi.waitFor(() => expect(texts).toEqual(['fails', 'works', 'fails']), 10_000)
    await subscription.stop()
  })

  test('a message that can never succeed dies at once, is kept, and the next one is handled', async () => {
    const { stream, publish, consumer } = await stage()
    const { texts, handle } = recorder()
    const failing: Handler = async (message, signal) => {
      await handle(message, signal)
      if (decode(message.data) === 'poison') throw poison()
    }
    const died: unknown[] = []
    const dead: DeadHandler = async (message, error) => void died.push([decode(message.data), error])
    const subscription = await bus.consume(consumer(), failing, dead)
    await publish('poison')
    await publish('good')
    await vi.waitFor(() => expect(texts).toContain('good'))
    await sleep(200)
    expect(texts).toEqual(['poison', 'good'])
    expect(died).toEqual([['poison', poison()]])
    expect(await opened.deadCount(stream)).toBe(1)
    await subscription.stop()
  })

  test('a message that keeps failing dies with its last delivery', async () => {
    const { stream, publish, consumer } = await stage()
    const counts: number[] = []
    const died: number[] = []
    const failing: Handler = async message => {
      counts.push(message.deliveryCount)
      throw passing()
    }
    const dead: DeadHandler = async message => void died.push(message.deliveryCount)
    const subscription = await bus.consume(consumer({ maxDeliver: 2 }), failing, dead)
    await publish('fails')
    await vi.waitFor(async () => expect(await opened.deadCount(stream)).toBe(1), 10_000)
    expect([counts, died]).toEqual([[1, 2], [2]])
    await subscription.stop()
  })

  test('a dead message comes again when its dead handler fails', async () => {
    const { stream, publish, consumer } = await stage()
    let calls = 0
    const dead: DeadHandler = async () => {
      calls += 1
      if (calls === 1) throw passing()
    }
    const failing: Handler = () => Promise.reject(poison())
    const subscription = await bus.consume(consumer({ maxDeliver: 1 }), failing, dead)
    await publish('poison')
    await vi.waitFor(() => expect(calls).toBe(2), 10_000)
    await vi.waitFor(async () => expect(await opened.deadCount(stream)).toBe(1))
    await subscription.stop()
  })

  test('a job longer than the time to acknowledge is kept by the sign that work goes on', async () => {
    const { publish, consumer } = await stage()
    const { texts, handle } = recorder()
    const long: Handler = async (message, signal) => {
      await handle(message, signal)
      await sleep(1500)
    }
    const subscription = await bus.consume(consumer({ ackWaitMs: 500, concurrency: 2 }), long, never)
    await publish('long')
    await sleep(2300)
    expect(texts).toEqual(['long'])
    await subscription.stop()
  })

  test('stop waits for the work in hand; work that takes too long is aborted and comes again', async () => {
    const { publish, consumer } = await stage()
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
    await vi.waitFor(() => expect(started.toSorted()).toEqual(['long', 'short']))
    await subscription.stop(300)
    expect(finished).toEqual(['short'])
    await publish('later')
    await sleep(200)
    expect(started.length).toBe(2)
    const again = recorder()
    const second = await bus.consume(consumer(), again.handle, never)
    await vi.waitFor(() => expect(again.texts.toSorted()).toEqual(['later', 'long']), 10_000)
    expect(again.messages.find(message => decode(message.data) === 'long')?.deliveryCount).toBe(2)
    await second.stop()
  })

  test('a follower from the start has seen all that was stored when it resolves, then every new message', async () => {
    const { stream, publish } = await stage()
    for (let i = 0; i < 150; i += 1) await publish(`${i}`, i % 2 === 0 ? 'received' : 'failed')
    const texts: string[] = []
    const spec = { stream, subject: `${stream}.*.received`, from: 'start' as const }
    const follower = await bus.follow(spec, message => void texts.push(decode(message.data)))
    const even = Array.from({ length: 75 }, (_, i) => `${i * 2}`)
    expect(texts).toEqual(even)
    await publish('new')
    await vi.waitFor(() => expect(texts).toEqual([...even, 'new']))
    await follower.stop()
    await publish('after')
    await sleep(100)
    expect(texts.at(-1)).toBe('new')
  })

  test('a follower from now on sees the new messages only; of an empty stream it resolves at once', async () => {
    const { stream, publish } = await stage()
    const spec = { stream, subject: `${stream}.*.received` }
    const [all, late]: string[][] = [[], []]
    const first = await bus.follow({ ...spec, from: 'start' }, message => void all?.push(decode(message.data)))
    await publish('old')
    const second = await bus.follow({ ...spec, from: 'now' }, message => void late?.push(decode(message.data)))
    await publish('new')
    await vi.waitFor(() => expect([all, late]).toEqual([['old', 'new'], ['new']]))
    await Promise.all([first.stop(), second.stop()])
  })

  test('a follower tries again after a retryable error and passes over a message that cannot be handled', async () => {
    const { stream, publish } = await stage()
    const tries: string[] = []
    const follower = await bus.follow({ stream, subject: `${stream}.*.received`, from: 'start' }, message => {
      const text = decode(message.data)
      tries.push(text)
      if (text === 'passes' && tries.length === 1) throw passing()
      if (text === 'poison') throw poison()
    })
    for (const text of ['passes', 'poison', 'last']) await publish(text)
    await vi.waitFor(() => expect(tries).toEqual(['passes', 'passes', 'poison', 'last']), 5000)
    await follower.stop()
  })

  test('signals reach all who listen at that moment, here and in another process; nothing is kept', async () => {
    const { stream, subject } = scene()
    const other = await connectOther()
    const [here, there]: string[][] = [[], []]
    await bus.signal(subject('progress'), encode('nobody listens'))
    await sleep(50)
    const listeners = [
      await bus.listen(`${stream}.*.progress`, (from, data) => void here?.push(`${from} ${decode(data)}`)),
      await other.bus.listen(`${stream}.*.progress`, (from, data) => void there?.push(`${from} ${decode(data)}`)),
    ]
    await sleep(50)
    await bus.signal(subject('progress'), encode('half'))
    await bus.signal(subject('other'), encode('not for us'))
    const expected = [`${subject('progress')} half`]
    await vi.waitFor(() => expect([here, there]).toEqual([expected, expected]))
    for (const listener of listeners) await listener.stop()
    await bus.signal(subject('progress'), encode('after'))
    await sleep(100)
    expect(here).toEqual(expected)
    await expect(bus.signal(subject('progress'), new Uint8Array(5000))).rejects.toMatchObject({ code: 'too-large' })
    await other.close()
  })

  /** A second bus on the same servers, or the same one where only one process may have it. */
  async function connectOther(): Promise<{ bus: Bus; close(): Promise<void> }> {
    return connect().catch(() => ({ bus, close: async () => {} }))
  }

  test('what has no stream yet is refused as passing', async () => {
    const { stream, subject, consumer } = scene()
    const refused = { retryable: true, code: 'unavailable' }
    await expect(bus.publish(subject('received'), encode('x'), { id: 'x' })).rejects.toMatchObject(refused)
    await expect(bus.consume(consumer(), async () => {}, never)).rejects.toMatchObject(refused)
    const follow = bus.follow({ stream, subject: `${stream}.>`, from: 'start' }, () => {})
    await expect(follow).rejects.toMatchObject(refused)
  })

  test('a stream can be made by several at once, and changed; messages past its age are gone', async () => {
    const { stream, subject } = scene()
    const make = (maxAgeMs: number): Promise<void> =>
      bus.ensureStream({ name: stream, subjects: [`${stream}.*.received`], maxAgeMs })
    await Promise.all([make(60_000), make(60_000), make(60_000)])
    await bus.publish(subject('received'), encode('old'), { id: 'old' })
    await make(500)
    await sleep(800)
    await make(60_000)
    await bus.publish(subject('received'), encode('new'), { id: 'new' })
    const texts: string[] = []
    const follower = await bus.follow({ stream, subject: `${stream}.>`, from: 'start' }, message => {
      texts.push(decode(message.data))
    })
    expect(texts).toEqual(['new'])
    await follower.stop()
  })

  test('messages and the place of a consumer outlive the process', async () => {
    const { publish, consumer } = await stage()
    const first = recorder()
    const subscription = await bus.consume(consumer(), first.handle, never)
    await publish('one')
    await vi.waitFor(() => expect(first.texts).toEqual(['one']))
    await subscription.stop()
    await publish('two')
    await opened.close()
    opened = await connect()
    bus = opened.bus
    const second = recorder()
    const next = await bus.consume(consumer(), second.handle, never)
    await vi.waitFor(() => expect(second.texts).toEqual(['two']))
    await next.stop()
  })
}
