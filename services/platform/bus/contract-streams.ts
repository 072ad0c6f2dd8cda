import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  decode,
  encode,
  eventually,
  never,
  type OpenedBus,
  passing,
  poison,
  recorder,
  scene,
  stage,
} from './contract-scene.ts'
import type { Bus } from './port.ts'

/** The part of the contract about streams, followers and signals. */
export function streamContract(bus: () => Bus, connect: () => Promise<OpenedBus>): void {
  test('a follower from the start has seen all that was stored when it resolves, then every new message', async () => {
    const { stream, publish } = await stage(bus())
    for (let i = 0; i < 150; i += 1) await publish(`${i}`, i % 2 === 0 ? 'received' : 'failed')
    const texts: string[] = []
    const spec = { stream, subject: `${stream}.*.received`, from: 'start' as const }
    const follower = await bus().follow(spec, message => void texts.push(decode(message.data)))
    const even = Array.from({ length: 75 }, (_, i) => `${i * 2}`)
    expect(texts).toEqual(even)
    await publish('new')
    await eventually(() => expect(texts).toEqual([...even, 'new']))
    await follower.stop()
    await publish('after')
    await sleep(100)
    expect(texts.at(-1)).toBe('new')
  })

  test('a follower from now on sees the new messages only; of an empty stream it resolves at once', async () => {
    const { stream, publish } = await stage(bus())
    const spec = { stream, subject: `${stream}.*.received` }
    const [all, late]: string[][] = [[], []]
    const first = await bus().follow({ ...spec, from: 'start' }, message => void all?.push(decode(message.data)))
    await publish('old')
    const second = await bus().follow({ ...spec, from: 'now' }, message => void late?.push(decode(message.data)))
    await publish('new')
    await eventually(() => expect([all, late]).toEqual([['old', 'new'], ['new']]))
    await Promise.all([first.stop(), second.stop()])
  })

  test('a follower tries again after a retryable error and passes over a message that cannot be handled', async () => {
    const { stream, publish } = await stage(bus())
    const tries: string[] = []
    const follower = await bus().follow({ stream, subject: `${stream}.*.received`, from: 'start' }, message => {
      const text = decode(message.data)
      tries.push(text)
      if (text === 'passes' && tries.length === 1) throw passing()
      if (text === 'poison') throw poison()
    })
    for (const text of ['passes', 'poison', 'last']) await publish(text)
    await eventually(() => expect(tries).toEqual(['passes', 'passes', 'poison', 'last']))
    await follower.stop()
  })

  test('a message that is forgotten is gone for everybody, and only that one', async () => {
    const { stream, publish, consumer } = await stage(bus())
    const { messages, texts, handle } = recorder()
    const subscription = await bus().consume(consumer(), handle, never)
    for (const text of ['one', 'two', 'three']) await publish(text)
    await eventually(() => expect(texts).toEqual(['one', 'two', 'three']))
    await subscription.stop()
    const { place } = messages[1]!
    // Not at its place any more: a stream that was restored has other numbers.
    await bus().forget(
      stream,
      place.replace(/^\d+/, seq => `${Number(seq) + 1}`),
    )
    await bus().forget(stream, place)
    await bus().forget(stream, place)
    await publish('four')
    const late = recorder()
    const second = await bus().consume(consumer({ name: 'late' }), late.handle, never)
    await eventually(() => expect(late.texts).toEqual(['one', 'three', 'four']))
    await second.stop()
    const seen: string[] = []
    const spec = { stream, subject: `${stream}.>`, from: 'start' as const }
    const follower = await bus().follow(spec, ({ data }) => void seen.push(decode(data)))
    expect(seen).toEqual(['one', 'three', 'four'])
    await follower.stop()
  })

  test('tells the id of the newest message of a subject', async () => {
    const { stream, subject } = await stage(bus())
    expect(await bus().newestId(stream, subject('received'))).toBeUndefined()
    for (const id of ['first', 'second']) await bus().publish(subject('received'), encode(id), { id })
    await bus().publish(subject('failed'), encode('other'), { id: 'other' })
    expect(await bus().newestId(stream, subject('received'))).toBe('second')
    await expect(bus().newestId('NO_STREAM', subject('received'))).rejects.toMatchObject({ retryable: true })
  })

  test('signals reach all who listen at that moment, here and in another process; nothing is kept', async () => {
    const { stream, subject } = scene()
    const other = await connectOther()
    const [here, there]: string[][] = [[], []]
    await bus().signal(subject('progress'), encode('nobody listens'))
    await sleep(50)
    const listeners = [
      await bus().listen(`${stream}.*.progress`, (from, data) => void here?.push(`${from} ${decode(data)}`)),
      await other.bus.listen(`${stream}.*.progress`, (from, data) => void there?.push(`${from} ${decode(data)}`)),
    ]
    await sleep(50)
    await bus().signal(subject('progress'), encode('half'))
    await bus().signal(subject('other'), encode('not for us'))
    const expected = [`${subject('progress')} half`]
    await eventually(() => expect([here, there]).toEqual([expected, expected]))
    for (const listener of listeners) await listener.stop()
    await bus().signal(subject('progress'), encode('after'))
    await sleep(100)
    expect(here).toEqual(expected)
    await expect(bus().signal(subject('progress'), new Uint8Array(5000))).rejects.toMatchObject({ code: 'too-large' })
    await other.close()
  })

  /** A second bus on the same servers, or the same one where only one process may have it. */
  async function connectOther(): Promise<{ bus: Bus; close(): Promise<void> }> {
    return connect().catch(() => ({ bus: bus(), close: async () => {} }))
  }

  test('what has no stream yet is refused as passing', async () => {
    const { stream, subject, consumer } = scene()
    const refused = { retryable: true, code: 'unavailable' }
    await expect(bus().publish(subject('received'), encode('x'), { id: 'x' })).rejects.toMatchObject(refused)
    await expect(bus().consume(consumer(), async () => {}, never)).rejects.toMatchObject(refused)
    const follow = bus().follow({ stream, subject: `${stream}.>`, from: 'start' }, () => {})
    await expect(follow).rejects.toMatchObject(refused)
  })

  test('a stream can be made by several at once, and changed; messages past its age are gone', async () => {
    const { stream, subject } = scene()
    const make = (maxAgeMs: number): Promise<void> =>
      bus().ensureStream({ name: stream, subjects: [`${stream}.*.received`], maxAgeMs })
    await Promise.all([make(60_000), make(60_000), make(60_000)])
    await bus().publish(subject('received'), encode('old'), { id: 'old' })
    await make(500)
    await sleep(800)
    await make(60_000)
    await bus().publish(subject('received'), encode('new'), { id: 'new' })
    const texts: string[] = []
    const follower = await bus().follow({ stream, subject: `${stream}.>`, from: 'start' }, message => {
      texts.push(decode(message.data))
    })
    expect(texts).toEqual(['new'])
    await follower.stop()
  })
}
