/** What the streams say when all is over: every event was acted on by everybody, none was told twice, none is dead. */
import { type EventName, flow } from '@coverslip/proto/flow.ts'
import { DeliverPolicy } from '@nats-io/jetstream'
import { eventually } from '../../services/e2e/client.ts'
import { type Bus, openStreams } from '../backup/streams.ts'

/** Told once for each slide and revision. */
const ONCE: readonly EventName[] = ['slides.received', 'slides.deidentified', 'slides.tiled']

export interface Told {
  events: number
  doubled: number
  dead: number
}

/** @throws Error when something still waits after so many seconds */
export async function allTold(url: string, seconds: number): Promise<Told> {
  const bus = (await openStreams(url))!
  try {
    await eventually(seconds, 'every event to be acted on', () => nothingWaits(bus))
    const { state } = await bus.jsm.streams.info('DEAD')
    const found = await Promise.all(ONCE.map(name => count(bus, name)))
    const sum = (key: 'events' | 'doubled'): number => found.reduce((total, one) => total + one[key], 0)
    return { events: sum('events'), doubled: sum('doubled'), dead: state.messages }
  } finally {
    await bus.close()
  }
}

async function nothingWaits({ jsm }: Bus): Promise<true | undefined> {
  for await (const { config } of jsm.streams.list()) {
    for await (const { config: of, num_pending, num_ack_pending } of jsm.consumers.list(config.name)) {
      if (of.durable_name && num_pending + num_ack_pending > 0) throw new Error(`${of.durable_name} has not done all`)
    }
  }
  return true
}

async function count({ js, jsm }: Bus, name: EventName): Promise<{ events: number; doubled: number }> {
  const { stream, message: codec } = flow[name]
  const [what, happened] = name.split('.')
  const { state } = await jsm.streams.info(stream!, { subjects_filter: `${what}.*.${happened}` })
  let left = Object.values(state.subjects ?? {}).reduce((total, messages) => total + messages, 0)
  const seen = new Map<string, number>()
  if (left > 0) {
    const filter = { filter_subjects: `${what}.*.${happened}`, deliver_policy: DeliverPolicy.All }
    const consumer = await js.consumers.get(stream!, filter)
    const messages = await consumer.consume({ max_messages: 500 })
    for await (const { data } of messages) {
      const { slideId, revision = 1 } = codec.decode(data) as { slideId: string; revision?: number }
      const key = `${slideId}/${revision}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
      left -= 1
      if (left <= 0) messages.stop()
    }
  }
  const all = [...seen.values()].reduce((total, times) => total + times, 0)
  return { events: all, doubled: all - seen.size }
}
